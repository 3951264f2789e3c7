"""Words for the procedure: the titles of its steps and the remedy codes spelled out, in English and French."""

PROCEDURE: dict[str, tuple[str, str]] = {
    "step_1": ("A certificate authority is available", "Une autorité de certification est disponible"),
    "step_2": ("Host names and settings are checked", "Noms d’hôtes et réglages sont contrôlés"),
    "step_3": ("Certificate requests are generated", "Les demandes de certificat sont générées"),
    "step_4": ("The authority signs the requests", "L’autorité signe les demandes"),
    "step_5": ("The root certificate is exported", "Le certificat racine est exporté"),
    "step_6": ("The root goes to CallManager-trust", "La racine va dans CallManager-trust"),
    "step_7": ("The signed certificate becomes the CallManager identity", "Le certificat signé devient l’identité CallManager"),
    "step_8": ("The SIP trunk security profile", "Le profil de sécurité du trunk SIP"),
    "step_9": ("The SIP trunk", "Le trunk SIP"),
    "step_10": ("The route pattern", "Le modèle de routage"),
    "step_V1": ("Proof from packet captures", "Preuve par captures de paquets"),
    "step_V2": ("Proof from calls and traces", "Preuve par appels et traces"),
    "remedy_S1": (
        "Make a certificate authority available that both clusters are to trust (procedure step 1).",
        "Mettre à disposition une autorité de certification à laquelle les deux clusters feront confiance (étape 1).",
    ),
    "remedy_S2": (
        "Correct host name, domain and regional settings before anything is generated (step 2).",
        "Corriger nom d’hôte, domaine et réglages régionaux avant toute génération (étape 2).",
    ),
    "remedy_S3": (
        "Generate a new certificate request, with the key length, hash and names the policy asks for (step 3).",
        "Générer une nouvelle demande, avec la longueur de clé, le hachage et les noms que la politique exige (étape 3).",
    ),
    "remedy_S4": (
        "Have the request signed again, with a template that keeps subject, alternative names and both key usages (step 4).",
        "Faire signer de nouveau la demande, avec un modèle qui garde sujet, noms alternatifs et les deux usages (étape 4).",
    ),
    "remedy_S5": (
        "Export the root certificate of the authority that really signed, intermediates included (step 5).",
        "Exporter le certificat racine de l’autorité qui a réellement signé, intermédiaires compris (étape 5).",
    ),
    "remedy_S6": (
        "Upload the root (and intermediates) to CallManager-trust on every node of the side that must validate (step 6).",
        "Charger la racine (et les intermédiaires) dans CallManager-trust sur chaque nœud du côté qui doit valider (étape 6).",
    ),
    "remedy_S7": (
        "Upload the right signed certificate as CallManager on the node it was issued for (step 7).",
        "Charger le bon certificat signé comme CallManager sur le nœud pour lequel il a été émis (étape 7).",
    ),
    "remedy_S8": (
        "Correct the SIP trunk security profile: mode Encrypted, TLS in and out, the peer’s names, the port (step 8).",
        "Corriger le profil de sécurité du trunk : mode Encrypted, TLS dans les deux sens, noms du pair, port (étape 8).",
    ),
    "remedy_S9": (
        "Correct the SIP trunk: destination and port, profile, SRTP allowed, secure only with SRTP and TLS, digits (step 9).",
        "Corriger le trunk SIP : destination et port, profil, SRTP autorisé, sûr seulement avec SRTP et TLS, chiffres (étape 9).",
    ),
    "remedy_S10": (
        "Correct the route pattern or what takes the call instead: partition, route list members, local numbers (step 10).",
        "Corriger le modèle de routage ou ce qui prend l’appel à sa place : partition, listes, numéros locaux (étape 10).",
    ),
    "remedy_V1": (
        "Capture again: on a node of each cluster, full packets, started before a trunk reset, stopped after the call.",
        "Capturer de nouveau : sur un nœud de chaque cluster, paquets entiers, d’avant une réinitialisation à après l’appel.",
    ),
    "remedy_V2": (
        "Collect the SDL traces and call logs of both clusters again, right after the test call, before they rotate.",
        "Collecter de nouveau les traces SDL et journaux d’appel des deux clusters, juste après l’appel, avant leur rotation.",
    ),
    "remedy_X1": (
        "Restart the Cisco CallManager service on each node concerned: it serves the certificate it loaded when it started.",
        "Redémarrer le service Cisco CallManager sur chaque nœud concerné : il sert le certificat chargé à son démarrage.",
    ),
    "remedy_X2": (
        "Reset the trunk, so that it runs with what is configured and opens new connections.",
        "Réinitialiser le trunk, pour qu’il applique la configuration et ouvre de nouvelles connexions.",
    ),
    "remedy_X3": (
        "Put clocks, NTP or DNS in order on the nodes named; dates and joins between files depend on them.",
        "Remettre en ordre horloges, NTP ou DNS sur les nœuds cités ; dates et recoupements en dépendent.",
    ),
    "remedy_X4": (
        "Look at the network between the nodes: routing, firewall, or a middlebox that intercepts TLS.",
        "Examiner le réseau entre les nœuds : routage, pare-feu, ou équipement qui intercepte TLS.",
    ),
    "remedy_X5": (
        "Give the tool’s accounts the access, roles or quota they lack, or wait until the interface is free.",
        "Donner aux comptes de l’outil les accès, rôles ou quotas manquants, ou attendre que l’interface soit libre.",
    ),
    "remedy_X6": (
        "Look at the endpoints: phone security profile, cluster security mode, media resources in the path.",
        "Examiner les postes : profil de sécurité des téléphones, mode de sécurité du cluster, ressources média traversées.",
    ),
    "remedy_X7": (
        "Change the platform’s cryptography (minimum TLS version, cipher management) or upgrade; the ten steps cannot repair it.",
        "Changer la cryptographie de la plateforme (version TLS, suites) ou mettre à niveau ; les dix étapes n’y peuvent rien.",
    ),
    "remedy_X8": (
        "Repair the handling of evidence: disk space, files changed or missing, the tool itself.",
        "Réparer le traitement des preuves : espace disque, fichiers changés ou absents, l’outil lui-même.",
    ),
}
"""Key to (English, French); codes as in the verdicts: S the procedure’s steps, V its proofs, X outside of it."""
