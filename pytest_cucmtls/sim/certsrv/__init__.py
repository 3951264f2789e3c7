"""A simulated Microsoft AD CS: a certificate authority behind the web enrolment pages /certsrv, over real HTTPS."""
