"""The templates that come with Guichet, in English and French; each is made when it is first needed.

Rules and new pipelines find them by their names, in whichever language they were made: those names stay.
"""

# ruff: noqa: E501 - a sentence is easier to read whole

from sqlalchemy import select

from .base import session
from .template import Template

INACTIVITY, REMINDER, RATING_REQUEST = "Closed for inactivity", "Closing soon", "Rating request"
MERGED = "Tickets merged"
SHIPPED = {
    "Ticket received": {
        "subject": {
            "en": "We received your request: {{ subject }} (#{{ number }})",
            "fr": "Nous avons bien reçu votre demande : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nthank you for writing to us. Your request has reached the team {{ team }}; "
            "its number is {{ number }}.\n\nYou can read it, add to it and follow it here, without an account:\n{{ link }}\n\n"
            "You may also simply reply to this e-mail. We will be in touch soon.",
            "fr": "Bonjour {{ customer }},\n\nmerci de nous avoir écrit. Votre demande est bien arrivée à l’équipe "
            "{{ team }} ; elle porte le numéro {{ number }}.\n\nVous pouvez la lire, la compléter et la suivre ici, sans "
            "compte :\n{{ link }}\n\nVous pouvez aussi simplement répondre à cet e-mail. Nous revenons vers vous bientôt.",
        },
    },
    "Customer feedback asked": {
        "subject": {
            "en": "We need a word from you: {{ subject }} (#{{ number }})",
            "fr": "Nous attendons votre réponse : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe are working on your request, and need a word from you to go on. Our question "
            "is here:\n{{ link }}\n\nA reply to this e-mail reaches us just as well. Thank you!",
            "fr": "Bonjour {{ customer }},\n\nnous travaillons sur votre demande et avons besoin de votre réponse pour "
            "continuer. Notre question est ici :\n{{ link }}\n\nUne réponse à cet e-mail nous parvient tout aussi bien. Merci !",
        },
    },
    "Ticket resolved": {
        "subject": {
            "en": "Is it solved? {{ subject }} (#{{ number }})",
            "fr": "Est-ce résolu ? {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe believe that your request is solved. Is it? One click here tells us:\n"
            "{{ link }}\n\nIf something is still missing, answer there or reply to this e-mail, and we go on.",
            "fr": "Bonjour {{ customer }},\n\nnous pensons que votre demande est résolue. Est-ce le cas ? Un clic suffit "
            "pour nous le dire :\n{{ link }}\n\nS’il manque encore quelque chose, répondez sur cette page ou à cet e-mail, "
            "et nous reprenons le travail.",
        },
    },
    "Ticket closed": {
        "subject": {
            "en": "Closed: {{ subject }} (#{{ number }})",
            "fr": "Clôturé : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nyour ticket {{ number }} is closed: {{ why }}\n\nIs something still open? Write "
            "to us within {{ reopen_days }} days and the ticket opens again; later, your message starts a new one that is "
            "linked to it:\n{{ link }}\n\nThank you for your trust.",
            "fr": "Bonjour {{ customer }},\n\nvotre ticket n° {{ number }} est clôturé : {{ why }}\n\nIl reste quelque "
            "chose à régler ? Écrivez-nous dans les {{ reopen_days }} jours et le ticket est rouvert ; plus tard, votre "
            "message ouvre un nouveau ticket lié à celui-ci :\n{{ link }}\n\nMerci de votre confiance.",
        },
    },
    INACTIVITY: {
        "subject": {
            "en": "Closed for lack of news: {{ subject }} (#{{ number }})",
            "fr": "Clôturé faute de nouvelles : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe have had no news on ticket {{ number }} for a while, so it was closed: "
            "{{ why }}\n\nDid we miss something? Write to us within {{ reopen_days }} days and it opens again; later, your "
            "message starts a new ticket that is linked to it:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nsans nouvelles du ticket n° {{ number }} depuis quelque temps, nous l’avons "
            "clôturé : {{ why }}\n\nNous avons manqué quelque chose ? Écrivez-nous dans les {{ reopen_days }} jours et il "
            "est rouvert ; plus tard, votre message ouvre un nouveau ticket lié à celui-ci :\n{{ link }}",
        },
    },
    REMINDER: {
        "subject": {
            "en": "This ticket closes soon: {{ subject }} (#{{ number }})",
            "fr": "Ce ticket sera bientôt clôturé : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe have not heard from you on ticket {{ number }}. If all is well, there is "
            "nothing to do. It closes on {{ closes_on }} unless you write:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nnous n’avons pas eu de vos nouvelles au sujet du ticket n° {{ number }}. Si "
            "tout va bien, vous n’avez rien à faire. Il sera clôturé le {{ closes_on }}, sauf si vous nous écrivez :\n"
            "{{ link }}",
        },
    },
    RATING_REQUEST: {
        "subject": {
            "en": "How did we do? {{ subject }} (#{{ number }})",
            "fr": "Êtes-vous satisfait ? {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nyour ticket {{ number }} is closed. How did we do? Telling us takes ten "
            "seconds:\n{{ link }}\n\nThank you: {{ team }} reads every answer.",
            "fr": "Bonjour {{ customer }},\n\nvotre ticket n° {{ number }} est clôturé. Avons-nous bien répondu à votre "
            "attente ? Dix secondes suffisent pour nous le dire :\n{{ link }}\n\nMerci : l’équipe {{ team }} lit chaque réponse.",
        },
    },
    MERGED: {
        "subject": {
            "en": "We answer your request together with others: {{ subject }} (#{{ number }})",
            "fr": "Nous traitons votre demande avec d’autres : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe now answer your request {{ number }} together with others about the same "
            "matter. There is nothing to do for you: answer our mails as before, and follow it here:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nnous traitons désormais votre demande n° {{ number }} avec d’autres sur le "
            "même sujet. Vous n’avez rien à faire : répondez à nos e-mails comme avant, et suivez-la ici :\n{{ link }}",
        },
    },
}
# What they are called in a helpdesk that began in French.
IN_FRENCH = {
    "Ticket received": "Demande bien reçue",
    "Customer feedback asked": "Réponse attendue du client",
    "Ticket resolved": "Demande résolue",
    "Ticket closed": "Ticket clôturé",
    "Closed for inactivity": "Clôturé sans nouvelles",
    "Closing soon": "Clôture prochaine",
    "Rating request": "Demande d’avis",
    "Tickets merged": "Tickets fusionnés",
}
NAMES = {*SHIPPED, *IN_FRENCH.values()}


def asks_rating(template: Template) -> bool:
    """Whether this is *Rating request*, by whichever name."""
    return template.name in (RATING_REQUEST, IN_FRENCH[RATING_REQUEST])


def shipped(name: str, language: str = "en") -> Template:
    """The template of this English name as the company has it now, in whichever language, or made from ours."""
    french = IN_FRENCH[name]
    known = {one.name: one for one in session.scalars(select(Template).where(Template.name.in_((name, french))))}
    here, elsewhere = (french, name) if language == "fr" else (name, french)
    if template := known.get(here) or known.get(elsewhere):
        return template
    template = Template(name=here, channel="email", **SHIPPED[name])
    session.add(template)
    session.flush()
    return template


def ship_all(language: str = "en") -> list[Template]:
    return [shipped(name, language) for name in SHIPPED]
