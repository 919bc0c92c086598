"""The templates that come with Guichet, in English and French; each is made when it is first needed."""

# ruff: noqa: E501 - a sentence is easier to read whole

from sqlalchemy import select

from .base import session
from .template import Template

SHIPPED = {
    "Ticket received": {
        "subject": {
            "en": "We received your request: {{ subject }} (#{{ number }})",
            "fr": "Nous avons bien reçu votre demande : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nyour request has reached the team {{ team }}. Its number is {{ number }}.\n\n"
            "You can read it, add to it and follow it here, without an account:\n{{ link }}\n\n"
            "You may also simply reply to this e-mail.",
            "fr": "Bonjour {{ customer }},\n\nvotre demande est bien arrivée à l’équipe {{ team }}. Elle porte le numéro "
            "{{ number }}.\n\nVous pouvez la lire, la compléter et la suivre ici, sans compte :\n{{ link }}\n\n"
            "Vous pouvez aussi simplement répondre à cet e-mail.",
        },
    },
    "Customer feedback asked": {
        "subject": {
            "en": "We need your answer: {{ subject }} (#{{ number }})",
            "fr": "Nous attendons votre réponse : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nto go on with your request we need an answer from you:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\npour poursuivre le traitement de votre demande, nous avons besoin de votre "
            "réponse :\n{{ link }}",
        },
    },
    "Ticket resolved": {
        "subject": {
            "en": "Is it solved? {{ subject }} (#{{ number }})",
            "fr": "Est-ce résolu ? {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe believe that your request is solved. Is it? Please tell us here, one click "
            "is enough:\n{{ link }}\n\nIf it is not solved, answer there or reply to this e-mail and we go on.",
            "fr": "Bonjour {{ customer }},\n\nnous pensons que votre demande est résolue. Est-ce le cas ? Dites-le-nous "
            "ici, un clic suffit :\n{{ link }}\n\nSi ce n’est pas le cas, répondez sur cette page ou à cet e-mail et nous "
            "reprenons le travail.",
        },
    },
    "Ticket closed": {
        "subject": {
            "en": "Closed: {{ subject }} (#{{ number }})",
            "fr": "Clôturé : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nyour ticket {{ number }} is closed: {{ why }}\n\nIs something still open? Write "
            "to us within {{ reopen_days }} days and the ticket opens again; later, your message starts a new one that is "
            "linked to it:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nvotre ticket n° {{ number }} est clôturé : {{ why }}\n\nIl reste quelque "
            "chose à régler ? Écrivez-nous dans les {{ reopen_days }} jours et le ticket est rouvert ; plus tard, votre "
            "message ouvre un nouveau ticket lié à celui-ci :\n{{ link }}",
        },
    },
    "Closed for inactivity": {
        "subject": {
            "en": "Closed for lack of news: {{ subject }} (#{{ number }})",
            "fr": "Clôturé faute de nouvelles : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe have had no news on ticket {{ number }} for a while, so it was closed: "
            "{{ why }}\n\nWrite to us within {{ reopen_days }} days and it opens again; later, your message starts a new "
            "ticket:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nsans nouvelles du ticket n° {{ number }} depuis quelque temps, nous l’avons "
            "clôturé : {{ why }}\n\nÉcrivez-nous dans les {{ reopen_days }} jours et il est rouvert ; plus tard, votre "
            "message ouvre un nouveau ticket :\n{{ link }}",
        },
    },
    "Closing soon": {
        "subject": {
            "en": "This ticket closes soon: {{ subject }} (#{{ number }})",
            "fr": "Ce ticket sera bientôt clôturé : {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nwe have not heard from you on ticket {{ number }}. It closes on {{ closes_on }} "
            "unless you write:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nnous n’avons pas eu de vos nouvelles au sujet du ticket n° {{ number }}. Il "
            "sera clôturé le {{ closes_on }}, sauf si vous nous écrivez :\n{{ link }}",
        },
    },
    "Rating request": {
        "subject": {
            "en": "How did we do? {{ subject }} (#{{ number }})",
            "fr": "Êtes-vous satisfait ? {{ subject }} (n° {{ number }})",
        },
        "body": {
            "en": "Hello {{ customer }},\n\nyour ticket {{ number }} is closed. How did we do? Tell us here, it takes ten "
            "seconds:\n{{ link }}",
            "fr": "Bonjour {{ customer }},\n\nvotre ticket n° {{ number }} est clôturé. Êtes-vous satisfait ? Dites-le-nous "
            "ici, cela prend dix secondes :\n{{ link }}",
        },
    },
}


def shipped(name: str) -> Template:
    """The template of this name as the company has it now, or made from ours."""
    if template := session.scalar(select(Template).where(Template.name == name)):
        return template
    template = Template(name=name, channel="email", **SHIPPED[name])
    session.add(template)
    session.flush()
    return template


def ship_all() -> list[Template]:
    return [shipped(name) for name in SHIPPED]
