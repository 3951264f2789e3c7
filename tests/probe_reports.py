"""What a listener answered, for tests: the builders of rehearsals."""

from pytest_cucmtls.rehearsal.built_probe import answer as answer
from pytest_cucmtls.rehearsal.built_probe import probe as probe
from pytest_cucmtls.rehearsal.built_probe import turned as turned
from pytest_cucmtls.rehearsal.built_probe import with_probe as with_probe
from pytest_cucmtls.rehearsal.built_probe import without as without
