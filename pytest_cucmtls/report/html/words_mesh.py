"""Words of the mesh page in English and French."""

from collections.abc import Mapping
from types import MappingProxyType

from pytest_cucmtls.report.html.words import LANGUAGES, words_of

_MESH = {
    "mesh_title": ("Mesh of SIP trunks over TLS", "Maillage de trunks SIP sur TLS"),
    "mesh_all_proven": ("All {count} directions are proven.", "Les {count} sens sont tous prouvés."),
    "mesh_some": ("{bad} of {count} directions are not proven.", "{bad} sens sur {count} ne sont pas prouvés."),
    "mesh_kicker": (
        "{clusters} clusters, {trunks} trunks, {count} directions",
        "{clusters} clusters, {trunks} trunks, {count} sens",
    ),
    "mesh_odd": ("Odd ones out", "Ce qui sort du lot"),
    "mesh_odd_lede": (
        "The fewest names that explain every cell that is not proven.",
        "Le plus petit nombre de noms qui explique chaque case non prouvée.",
    ),
    "mesh_cluster": ("every trunk of {name}", "tous les trunks de {name}"),
    "mesh_calls_from": ("every call from {name}", "tous les appels de {name}"),
    "mesh_calls_to": ("every call to {name}", "tous les appels vers {name}"),
    "mesh_trunk": ("trunk {name}, both directions", "trunk {name}, dans les deux sens"),
    "mesh_direction": ("calls {name}", "appels {name}"),
    "mesh_because": ("{count} × {claim}", "{count} × {claim}"),
    "mesh_unseen": ("nothing refutes it, evidence is missing", "rien ne le réfute, des preuves manquent"),
    "mesh_matrix": ("Matrix", "Matrice"),
    "mesh_matrix_lede": (
        "Row: the calling cluster. Column: the called one. Each cell leads to the report of its trunk.",
        "Ligne : le cluster appelant. Colonne : le cluster appelé. Chaque case mène au rapport de son trunk.",
    ),
    "mesh_from": ("calls from", "appels de"),
    "mesh_to": ("to", "vers"),
    "mesh_no_trunk": ("no trunk", "pas de trunk"),
    "mesh_details": ("Directions that are not proven", "Sens non prouvés"),
    "mesh_phases": ("The collection", "La collecte"),
    "letter_proven": ("P", "P"),
    "letter_fragile": ("W", "A"),
    "letter_refuted": ("R", "R"),
    "letter_undecided": ("U", "I"),
    "mesh_footer": (
        "One file, no script, nothing loaded from anywhere. Each trunk’s folder is a run of its own: “cucmtls judge” judges it "
        "again.",
        "Un seul fichier, aucun script, rien n’est chargé d’ailleurs. Le dossier de chaque trunk est une exécution à part "
        "entière : « cucmtls judge » la rejuge.",
    ),
}
"""Key to (English, French)."""


def mesh_words(language: str) -> Mapping[str, str]:
    """The words of every report and those of this page. Raises: ConfigurationInvalid for a language there is none of."""
    words = words_of(language)
    place = LANGUAGES.index(language)
    return MappingProxyType({**words, **{key: pair[place] for key, pair in _MESH.items()}})
