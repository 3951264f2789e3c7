"""Every word of the report in English and French; verdict texts themselves stay in the language of the checks, English."""

from collections.abc import Mapping
from types import MappingProxyType

from pytest_cucmtls.model.errors import ConfigurationInvalid
from pytest_cucmtls.report.html.words_claims import CLAIMS_IN_FRENCH
from pytest_cucmtls.report.html.words_procedure import PROCEDURE

LANGUAGES = ("en", "fr")
Words = Mapping[str, str]

WORDS: dict[str, tuple[str, str]] = {
    "language": ("en", "fr"),
    "title": ("Acceptance report, SIP trunk over TLS", "Rapport de recette, trunk SIP sur TLS"),
    "skip": ("Go to the findings", "Aller aux constats"),
    "contents": ("Contents", "Sommaire"),
    "unsigned": (
        "This page carries no signature. Its evidence is signed when the run folder is sealed (“cucmtls bundle seal”); "
        "“cucmtls bundle verify” then says whether anything was changed, and by whom it was signed.",
        "Cette page ne porte pas de signature. Ses preuves sont signées quand le dossier d’exécution est scellé "
        "(« cucmtls bundle seal ») ; « cucmtls bundle verify » dit alors si quelque chose a changé, et qui a signé.",
    ),
    "footer": (
        "One file, no script, nothing loaded from anywhere. Every statement points to raw evidence; whoever holds the run "
        "folder can judge it again with “cucmtls judge”.",
        "Un seul fichier, aucun script, rien n’est chargé d’ailleurs. Chaque affirmation renvoie à une preuve brute ; qui "
        "détient le dossier d’exécution peut tout rejuger avec « cucmtls judge ».",
    ),
    "verdict_language": ("", "Les textes des verdicts sont en anglais, tels que les contrôles les formulent."),
    "signing_decision": (
        "Decision: ☐ accepted   ☐ accepted with reservations   ☐ refused",
        "Décision : ☐ accepté   ☐ accepté avec réserves   ☐ refusé",
    ),
    "signing_tested": ("Tested by: name, date, signature", "Testé par : nom, date, signature"),
    "signing_decided": ("Decided by: name, date, signature", "Décidé par : nom, date, signature"),
    # first screen
    "policy": ("policy", "politique"),
    "mode_apply": ("procedure applied", "procédure appliquée"),
    "mode_verify": ("verified, nothing written", "vérifié, rien n’a été écrit"),
    "simulated": ("simulated clusters", "clusters simulés"),
    "headline_proven": (
        "Proven in both directions: encrypted, mutually authenticated, routed as intended.",
        "Prouvé dans les deux sens : chiffré, authentifié mutuellement, acheminé comme prévu.",
    ),
    "headline_fragile": (
        "Proven in both directions, with warnings.",
        "Prouvé dans les deux sens, avec des avertissements.",
    ),
    "headline_refuted": ("Refuted in both directions{because}.", "Réfuté dans les deux sens{because}."),
    "headline_undecided": ("Cannot be decided: evidence is missing.", "Indécidable : des preuves manquent."),
    "headline_one_refuted": ("Refuted for {direction}{because}.", "Réfuté pour {direction}{because}."),
    "because": (": {claims}", " : {claims}"),
    "headline_one_undecided": ("Cannot be decided for {direction}.", "Indécidable pour {direction}."),
    "standing_proven": ("Proven", "Prouvé"),
    "standing_fragile": ("Proven, fragile", "Prouvé, fragile"),
    "standing_refuted": ("Refuted", "Réfuté"),
    "standing_undecided": ("Undecided", "Indécidable"),
    "answer_proven": (
        "Every call tested went over TLS, authenticated by both sides with the right certificates, reached the right party "
        "and agreed on SRTP, under policy {policy}.",
        "Chaque appel testé est passé par TLS, authentifié des deux côtés avec les bons certificats, a atteint le bon "
        "correspondant et convenu de SRTP, selon la politique {policy}.",
    ),
    "answer_fragile": (
        "Encrypted, mutually authenticated and routed as intended under policy {policy}, but {count} warning(s) say that it "
        "may not stay so.",
        "Chiffré, authentifié mutuellement et acheminé comme prévu selon la politique {policy}, mais {count} "
        "avertissement(s) disent que cela peut ne pas durer.",
    ),
    "answer_unseen": (
        "Nothing that was looked at shows: {claims}. Capture both clusters around a trunk reset, place the test call, collect "
        "the traces.",
        "Rien de ce qui a été observé ne montre : {claims}. Capturer sur les deux clusters autour d’une réinitialisation du "
        "trunk, passer l’appel de test, collecter les traces.",
    ),
    "see_details": ("details", "détails"),
    "next_collect": ("To decide it:", "Pour décider :"),
    "next_repair": ("First thing to do:", "À faire d’abord :"),
    "says": ("{direction}: {standing}", "{direction} : {standing}"),
    "answer_more": ("and {count} more verdicts of this kind", "et {count} autres verdicts de ce genre"),
    "claim_connected": ("TLS connection", "Connexion TLS"),
    "claim_encrypted": ("Signalling encrypted", "Signalisation chiffrée"),
    "claim_authenticated": ("Both sides authenticated", "Authentification mutuelle"),
    "claim_certificates": ("Right certificates", "Bons certificats"),
    "claim_routed": ("Routed as intended", "Acheminé comme prévu"),
    "claim_media": ("SRTP negotiated", "SRTP négocié"),
    "claim_strength": ("Strong enough for the policy", "Assez fort pour la politique"),
    "not_connected": ("no TLS connection", "pas de connexion TLS"),
    "not_encrypted": ("not encrypted", "non chiffré"),
    "not_authenticated": ("not mutually authenticated", "sans authentification mutuelle"),
    "not_certificates": ("not the right certificates", "mauvais certificats"),
    "not_routed": ("not routed as intended", "pas acheminé comme prévu"),
    "not_media": ("media not SRTP", "média hors SRTP"),
    "not_strength": ("too weak for the policy", "trop faible pour la politique"),
    "extension": ("ext.", "poste"),
    "cluster": ("Cluster", "Cluster"),
    "role_publisher": ("publisher", "publisher"),
    "role_subscriber": ("subscriber", "subscriber"),
    "release": ("Release", "Version"),
    "address": ("Address", "Adresse"),
    "certificate": ("Certificate", "Certificat"),
    "serial": ("serial", "n° de série"),
    "issuer": ("Issuer", "Émetteur"),
    "valid_until": ("Valid until", "Valable jusqu’au"),
    "days": ("{count} days", "{count} jours"),
    "unread": ("not read", "non lu"),
    "fact_policy": ("Policy", "Politique"),
    "fact_operator": ("Operator", "Opérateur"),
    "fact_started": ("Started", "Début"),
    "fact_ended": ("Ended", "Fin"),
    "fact_tool": ("Tool", "Outil"),
    "fact_run": ("Run", "Exécution"),
    "fact_judged": ("Dates judged at", "Dates jugées au"),
    "fact_verdicts": ("Verdicts", "Verdicts"),
    # outcomes
    "outcome_PASS": ("proven", "prouvé"),
    "outcome_WARN": ("warning", "avertissement"),
    "outcome_FAIL": ("refuted", "réfuté"),
    "outcome_INCONCLUSIVE": ("undecided", "indécidable"),
    "outcome_ERROR": ("tool error", "erreur d’outil"),
    "outcome_BLOCKED": ("blocked", "bloqué"),
    "outcome_NOT_APPLICABLE": ("not applicable", "sans objet"),
    # navigation and headings
    "nav_findings": ("Findings", "Constats"),
    "nav_steps": ("Ten steps", "Dix étapes"),
    "nav_certificates": ("Certificates", "Certificats"),
    "nav_wire": ("On the wire", "Sur le réseau"),
    "nav_calls": ("Calls and media", "Appels et média"),
    "nav_expiry": ("Expiry", "Échéances"),
    "nav_clauses": ("Clauses", "Clauses"),
    "nav_verdicts": ("All verdicts", "Tous les verdicts"),
    "nav_appendix": ("Appendix", "Annexe"),
    # findings
    "no_findings": (
        "Nothing to report: every check that applies has passed.",
        "Rien à signaler : tous les contrôles applicables sont passés.",
    ),
    "findings_lede": (
        "Worst first. Each names what was expected, what was observed, and what to do.",
        "Du plus grave au moins grave. Chacun dit ce qui était attendu, ce qui a été observé, et quoi faire.",
    ),
    "expected": ("Expected", "Attendu"),
    "observed": ("Observed", "Observé"),
    "remedy_first": ("What to do, first things first", "Que faire, dans l’ordre"),
    "evidence": ("Evidence", "Preuves"),
    "waived": ("Accepted by {owner} until {day}: {reason}", "Accepté par {owner} jusqu’au {day} : {reason}"),
    "waiver_expired": (
        "No longer accepted: the acceptance by {owner} ended on {day} ({reason})",
        "N’est plus accepté : l’acceptation par {owner} a pris fin le {day} ({reason})",
    ),
    "not_evaluated": (
        "{count} checks were not evaluated, because what they rest on failed",
        "{count} contrôles non évalués, car ce sur quoi ils reposent a échoué",
    ),
    "missing_heading": ("Missing evidence", "Preuves manquantes"),
    "missing_lede": (
        "What could not be decided, by what would decide it. Nothing here says that the trunk is wrong.",
        "Ce qui n’a pu être décidé, selon ce qui le déciderait. Rien ici ne dit que le trunk est en défaut.",
    ),
    "missing_checks": ("{count} checks wait for this", "{count} contrôles en dépendent"),
    "missing_check": ("One check waits for this", "Un contrôle en dépend"),
    # steps
    "steps_lede_apply": (
        "The procedure of Cisco document 200180, as this run performed it: what was changed, then what was found.",
        "La procédure du document Cisco 200180 telle que cette exécution l’a réalisée : ce qui a été changé, puis constaté.",
    ),
    "steps_lede_verify": (
        "The procedure of Cisco document 200180, as this run found it performed. Nothing was written to the clusters.",
        "La procédure du document Cisco 200180 telle que cette exécution l’a trouvée. Rien n’a été écrit sur les clusters.",
    ),
    "nothing_changed": ("Nothing had to be changed.", "Rien n’a dû être changé."),
    "not_performed": ("Not reached in this run.", "Non atteint dans cette exécution."),
    "remarks_more": ("and {count} more, see the table of verdicts", "et {count} autres, voir le tableau des verdicts"),
    "remarks_hidden": ("{count} not evaluated because of other findings", "{count} non évalués à cause d’autres constats"),
    "step_word": ("Step", "Étape"),
    # certificates
    "certificates_lede": (
        "What the admin interface shows, beside what was presented in handshakes. Characters that differ are marked.",
        "Ce que montre l’interface d’administration, à côté de ce qui a été présenté. Les caractères différents sont marqués.",
    ),
    "certificate_admin": ("Admin interface", "Interface d’administration"),
    "certificate_server": ("On the wire, as server", "Sur le réseau, comme serveur"),
    "certificate_client": ("On the wire, as client", "Sur le réseau, comme client"),
    "certificate_before": ("Before the procedure", "Avant la procédure"),
    "same": ("identical", "identique"),
    "different": ("different", "différent"),
    "field_subject": ("Subject", "Sujet"),
    "field_issuer": ("Issuer", "Émetteur"),
    "field_serial": ("Serial number", "Numéro de série"),
    "field_not_before": ("Not before", "Pas avant"),
    "field_not_after": ("Not after", "Pas après"),
    "field_names": ("Alternative names", "Noms alternatifs"),
    "field_key": ("Key", "Clé"),
    "field_signature": ("Signature", "Signature"),
    "field_usage": ("Extended key usage", "Usages étendus"),
    "field_sha256": ("SHA-256", "SHA-256"),
    # wire
    "wire_lede": (
        "Every TLS connection between the clusters that the captures show, message by message.",
        "Chaque connexion TLS entre les clusters visible dans les captures, message par message.",
    ),
    "matrix": (
        "Node by node: rows open the connection, columns accept it",
        "Nœud par nœud : les lignes ouvrent, les colonnes acceptent",
    ),
    "matrix_corner": ("from ↓ to →", "de ↓ vers →"),
    "matrix_from": ("from", "de"),
    "matrix_unseen": ("not seen", "non vu"),
    "matrix_count": ("{complete} complete, {refused} refused", "{complete} complètes, {refused} refusées"),
    "matrix_incomplete": ("{count} incomplete", "{count} incomplètes"),
    "mutual_yes": ("mutual authentication", "authentification mutuelle"),
    "mutual_no": ("one side only", "un seul côté"),
    "mutual_unknown": ("authentication not visible", "authentification non visible"),
    "handshake_complete": ("complete", "complet"),
    "handshake_refused": ("refused", "refusé"),
    "handshake_incomplete": ("incomplete", "incomplet"),
    "ladders_more": ("{count} more connections are in the captures.", "{count} autres connexions sont dans les captures."),
    "tls_version": ("Version", "Version"),
    "tls_suite": ("Cipher suite", "Suite"),
    "tls_openssl": ("OpenSSL’s name", "Nom OpenSSL"),
    "tls_group": ("Key exchange", "Échange de clés"),
    "tls_offered": ("Versions offered", "Versions proposées"),
    "tls_bytes": ("Bytes, out / back", "Octets, aller / retour"),
    "listeners": ("What the listeners take and refuse", "Ce que les ports acceptent et refusent"),
    "listeners_lede": (
        "Asked one connection at a time. Filled: accepted; outlined: refused. What the policy makes of it is in the verdicts.",
        "Interrogés connexion par connexion. Plein : accepté ; contour : refusé. Les verdicts disent ce qu’en fait la politique.",
    ),
    "topic_version": ("Versions", "Versions"),
    "topic_suites": ("Suite families", "Familles de suites"),
    "topic_group": ("Groups", "Groupes"),
    "topic_fallback": ("Marked fallback", "Repli marqué"),
    "topic_certificate": ("Client certificate", "Certificat client"),
    "topic_clear_sip": ("SIP in clear", "SIP en clair"),
    "probe_accepted": ("accepted", "accepté"),
    "probe_refused": ("refused", "refusé"),
    "probe_unclear": ("no clear answer", "sans réponse claire"),
    "probe_unreachable": ("unreachable", "injoignable"),
    "probe_not_asked": ("not asked", "non demandé"),
    # calls
    "calls_lede": (
        "The way the digits took, the messages of the trunk leg as the calling node traced them, and the media negotiated. "
        "Dashed stops were not seen in a trace.",
        "Le chemin des chiffres, les messages du trunk tels que tracés par le nœud appelant, et le média négocié. "
        "Les étapes en tirets n’ont pas été vues dans une trace.",
    ),
    "stop_phone": ("dials", "compose"),
    "stop_analysis": ("digit analysis", "analyse des chiffres"),
    "stop_pattern": ("route pattern", "modèle de routage"),
    "stop_list": ("route list", "liste de routage"),
    "stop_trunk": ("SIP trunk", "trunk SIP"),
    "stop_invite": ("on the trunk", "sur le trunk"),
    "stop_answer": ("answers", "répond"),
    "call_ladder": ("SIP on the trunk", "SIP sur le trunk"),
    "ties": ("Tied to one call", "Rattaché à un seul appel"),
    "tie_call_id": ("Call-ID in the traces", "Call-ID dans les traces"),
    "tie_connection": ("connection that carried it", "connexion qui l’a porté"),
    "tie_invite": ("INVITE, after the call was placed, clocks corrected", "INVITE, après le lancement, horloges corrigées"),
    "tie_clock": ("clock, against that of the test machine", "horloge, par rapport à la machine de test"),
    "media": ("Media negotiated", "Média négocié"),
    "sender_caller": ("caller’s side", "côté appelant"),
    "sender_called": ("called side", "côté appelé"),
    "no_media": ("No session description was traced.", "Aucune description de session tracée."),
    "streams": ("Media packets over time", "Paquets média dans le temps"),
    "stream_proof": ("packets authenticated:", "paquets authentifiés :"),
    "stream_quality": ("lost, jitter:", "perdus, gigue :"),
    "packets": ("packets", "paquets"),
    "no_streams": (
        "No capture holds media packets. Media flows between the endpoints, not through the nodes: to prove the packets, "
        "capture at a phone’s port.",
        "Aucune capture ne contient de paquets média. Le média circule entre les postes, pas par les nœuds : pour prouver "
        "les paquets, capturer au port d’un téléphone.",
    ),
    # baseline
    "nav_changes": ("Since the baseline", "Depuis la référence"),
    "changes_worse": (
        "Something is worse than in {baseline}, or changed and nobody can say why. {count} values were compared.",
        "Quelque chose s’est dégradé depuis {baseline}, ou a changé sans que personne sache pourquoi. {count} valeurs comparées.",
    ),
    "changes_fine": (
        "Nothing is worse than in {baseline}, and nothing changed without a reason. {count} values were compared.",
        "Rien ne s’est dégradé depuis {baseline}, et rien n’a changé sans raison. {count} valeurs comparées.",
    ),
    "change_worse": ("worse", "dégradé"),
    "change_unexplained": ("unexplained", "inexpliqué"),
    "change_improved": ("improved", "amélioré"),
    "change_expected": ("expected", "attendu"),
    "change_none": ("no differences", "aucune différence"),
    "change_before": ("Before", "Avant"),
    "change_after": ("Now", "Maintenant"),
    "change_why": ("Why", "Pourquoi"),
    # expiry
    "expiry_lede": (
        "First to end: {name}, on {day}, {count} days after the judgement.",
        "Première échéance : {name}, le {day}, {count} jours après le jugement.",
    ),
    "expiry_now": (
        "The line marks the day of the judgement, {day}. A certificate counts as ending soon from {soon} days before its end.",
        "Le trait marque le jour du jugement, {day}. Un certificat compte comme bientôt échu {soon} jours avant sa fin.",
    ),
    "expiry_events": ("What will change", "Ce qui va changer"),
    "expiry_breaks": ("breaks", "rupture"),
    "expiry_renew": ("act before", "agir avant"),
    "expiry_more": ("and {count} more", "et {count} de plus"),
    "expiry_identity": ("identity", "identité"),
    "expiry_authority": ("authority", "autorité"),
    "expiry_trust": ("trusted", "de confiance"),
    # clauses
    "clauses_lede": (
        "Clauses the verdicts cite. A clause proven here is proven for the trunk and the calls tested, not for the system as "
        "a whole.",
        "Clauses citées par les verdicts. Une clause prouvée ici l’est pour le trunk et les appels testés, pas pour tout le "
        "système.",
    ),
    "requirements": ("Requirements", "Exigences"),
    "requirement_unjudged": ("nothing judged", "rien de jugé"),
    "clause": ("Clause", "Clause"),
    "reliability": ("Source", "Source"),
    "outcome": ("Outcome", "Issue"),
    "checks": ("Checks", "Contrôles"),
    "mark_V": ("read in the standard itself", "lu dans la norme elle-même"),
    "mark_S": ("quoted by a secondary source", "cité par une source secondaire"),
    "mark_T": ("measured on a real toolchain", "mesuré sur un outillage réel"),
    "mark_M": ("clause not yet confirmed", "clause non encore confirmée"),
    # verdicts
    "filter": ("Show", "Afficher"),
    "filter_all": ("all", "tous"),
    "subject": ("About", "Objet"),
    "claim": ("Claim", "Affirmation"),
    "pair": ("both clusters", "les deux clusters"),
    # appendix
    "appendix_lede": (
        "Everything this page says was derived from the files below, kept as they were received.",
        "Tout ce que dit cette page a été dérivé des fichiers ci-dessous, conservés tels que reçus.",
    ),
    "phases": ("Phases", "Phases"),
    "not_collected": ("Not collected, and why", "Non collecté, et pourquoi"),
    "run_facts": ("The run", "L’exécution"),
    "raw_items": ("Raw evidence", "Preuves brutes"),
    "raw_show": ("Files with SHA-256", "Fichiers avec SHA-256"),
    "file": ("File", "Fichier"),
    "source": ("Source", "Source"),
    "size": ("Size", "Taille"),
    "cited": ("Cited by", "Cité par"),
    **PROCEDURE,
}
"""Key to (English, French)."""


def words_of(language: str) -> Words:
    """All words in one language. Raises: ConfigurationInvalid for a language there is none of."""
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise ConfigurationInvalid("report", "language", f"there is no {language!r}", remedy=f"Known: {known}.")
    place = LANGUAGES.index(language)
    return MappingProxyType({key: pair[place] for key, pair in WORDS.items()})


def claimed(words: Words, check: str, title: str) -> str:
    """The claim of a check in the report's language; as the check states it where nobody translated it."""
    return CLAIMS_IN_FRENCH.get(check, title) if words["language"] == "fr" else title


def remedy(words: Words, code: str) -> str:
    """A remedy code spelled out; a code nobody knows stands for itself."""
    return words.get(f"remedy_{code}", code)
