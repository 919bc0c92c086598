"""Where a mail belongs (R-MAIL-2): on the ticket that its reply address names, else on the one whose thread it
answers, else on a new ticket of the team it was sent to. Automatic mail is only noted (R-MAIL-3)."""

import hashlib
import logging
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

from flask import current_app
from limits import parse
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.orm.attributes import set_committed_value

from models.attachment import KEPT, discard
from models.base import add_unless_there, session
from models.bell import ring
from models.closing import TicketClosed
from models.incoming import AddressCheck, IncomingMail, all_addresses, row_of
from models.message import Message
from models.outbox import Delivery, in_english, no_stage_mails
from models.people import INTERNAL, Contact, normal_email
from models.reply_address import KEY, apart, open_reply_address
from models.ticket import Opening, Ticket, open_tickets
from models.visibility import may_see
from web.locale import LANGUAGES

from .bounces import note_bounce
from .headers import BadAddress, mailbox
from .keeping import files_kept, subject_kept, words_kept
from .threads import taking_part, tickets_of_thread

ANSWER_EVERY = timedelta(hours=24)  # at most one automatic answer to one address in so long (threat model, rule 51)
NO_SENDER = in_english("It names no sender that could be answered.")
NO_TEAM = in_english("No team has the address that it was sent to.")
NOT_ACTIVE = in_english("The team is not active.")
CLOSED = in_english("The ticket is closed: reopen it, then run this again.")
SPAM = in_english("The mail server says that it is spam.")
TOO_MANY = in_english("Its sender opened too many tickets in a short time.")
TOO_OFTEN = in_english("Its sender answered too often in a short time, as programs do that answer each other.")
OURS = in_english("It comes from one of our own addresses.")
CHECK = in_english("It is our own check of this address.")
TWICE = in_english("It came twice.")
NOT_PLACED = in_english("It could not be placed:")
KINDS = {
    "receipt": in_english("It is a read receipt."),
    "abuse": in_english("It is a report of abuse."),
    "vacation": in_english("It is an automatic reply."),
    "generated": in_english("A program wrote it."),
    "bulk": in_english("It went to many recipients."),
}

log = logging.getLogger(__name__)


class Placing:
    """Places the mails of one transaction. New tickets are opened together, by ``finish``."""

    def __init__(self, at):
        self.at, self.config = at, current_app.config
        self.openings: list[tuple[IncomingMail, object, Opening]] = []
        self.addresses, self.people, self.answered = {}, {}, set()
        self.placed = Counter()  # of (author, state): mails of late
        self.unknown: set[str] = set()  # authors who were no contacts when we looked
        self.ours, self.checks, self.limit = set(), {}, 0
        self.known: dict[str, bool] = {}  # keys of messages, and whether there is one

    def prepare(self, pairs):
        """Ask once for all of these mails what each of them needs."""
        self.addresses = all_addresses()
        if not pairs:
            return
        authors = {found.author for _, found in pairs}
        ids = {found.mail_id for _, found in pairs if found.mail_id}
        # Held until the commit, so that workers side by side do not both answer one address (threat model, rule 51).
        known = select(Contact).where(Contact.email.in_(authors)).order_by(Contact.id).with_for_update(key_share=True)
        self.people = {one.email: one for one in session.scalars(known)}
        self.unknown = authors - self.people.keys()
        limit = parse(self.config["SENDER_LIMIT"])
        since = self.at - timedelta(seconds=limit.get_expiry())
        self.limit = limit.amount
        said = IncomingMail.author, IncomingMail.state
        late = select(*said, func.count()).where(IncomingMail.author.in_(authors), IncomingMail.received_at > since)
        late = late.where(IncomingMail.state.in_(("ticket", "reply"))).group_by(*said)
        self.placed = Counter({(author, state): count for author, state, count in session.execute(late)})
        self.answered = self._answered(authors)
        self.ours = set(session.scalars(select(Delivery.mail_id).where(Delivery.mail_id.in_(ids))))
        checks = select(AddressCheck).where(AddressCheck.mail_id.in_(ids))
        self.checks = {check.mail_id: check for check in session.scalars(checks)}
        teams = ((self._team(mail.recipient), mail, found) for mail, found in pairs if mail.recipient)
        keys = [self._key(team, found, mail) for team, mail, found in teams if team]
        self.known = dict.fromkeys(keys, False)
        for model in (Ticket, Message):
            taken = select(model.submission_key).where(model.submission_key.in_(keys))
            self.known |= dict.fromkeys(session.scalars(taken), True)

    def _answered(self, authors) -> set[str]:
        """Those of them to whom an automatic answer went a short time ago."""
        recent = IncomingMail.answered, IncomingMail.handled_at > self.at - ANSWER_EVERY
        return set(session.scalars(select(IncomingMail.author).where(IncomingMail.author.in_(authors), *recent)))

    def place(self, mail: IncomingMail, found, raw: bytes):
        """Give the mail its one outcome, or line it up for ``finish``, which writes the row once."""
        mine = self._mine(mail, found, raw)
        set_committed_value(mail, "team", self._team(mine) if mine else None)
        if self.openings and self._may_concern_them(mail, found, mine):
            self.finish()
        whole = self._may_write(found, mine)
        if whole:
            self._describe(mail, found, mail.team)
        self._attempt(mail, found, lambda: self._decide(mail, found, mine), whole)
        if not (whole or (self.openings and self.openings[-1][0] is mail)):
            self._describe(mail, found, mail.team)

    def _may_write(self, found, mine) -> bool:
        """Whether deciding may change more than the mail itself; to line up a new ticket does not."""
        return bool(found.automatic or found.references or (mine and apart(mine)[1]))

    def _may_concern_them(self, mail, found, mine) -> bool:
        """Whether a ticket that is lined up may be what this one answers, or repeats."""
        if found.references or (mine and apart(mine)[1]):
            return True
        key = mail.team and self._key(mail.team, found, mail)
        return any(opening.key == key for _, _, opening in self.openings)

    def park(self, mail: IncomingMail, reason: str):
        """There is no reading of it; whose it is, the envelope says."""
        mail.team = self._team(mail.recipient) if mail.recipient else None
        mail.becomes("parked", reason, self.at)

    def _describe(self, mail, found, team):
        mail.team_id = team and team.id
        mail.author, mail.subject, mail.mail_id = found.author[:320], found.subject, found.mail_id
        mail.verified = found.verified
        others = [one for one in found.recipients if one != found.author and not self._may_be_ours(one)]
        mail.copies = "\n".join(dict.fromkeys(others))

    def _mine(self, mail, found, raw) -> str | None:
        """The address of ours that this row is for. Where no envelope says so, the headers do: the one that our server
        sets, else To and Cc, of which each team gets a row of its own (threat model, rules 48 and 49)."""
        if mail.recipient is not None:
            return self._with_key(mail.recipient, found)
        known = [one for one in found.recipients if self._is_address(one)]
        if found.delivered_to and self._is_address(found.delivered_to):
            return self._with_key(found.delivered_to, found)
        first = {}
        for one in known:
            first.setdefault(self._team(one), one)
        mine, *others = first.values() or [self.config["IMAP_TO"] if mail.via == "imap" else None]
        for other in others:
            row = IncomingMail(**row_of(raw, "copy", mail.sender, other, mail.received_at))
            if add_unless_there(row):
                ring("receive")
        return mine and self._with_key(mine, found)

    def _with_key(self, address, found) -> str:
        """The address, or the reply address of the same team that stands in To or Cc: a server on the way may have
        dropped the key, and who answers all may write to both."""
        if apart(address)[1] or (team := self._team(address)) is None:
            return address
        keyed = (one for one in found.recipients if KEY.fullmatch(apart(one)[1]) and self._team(one) is team)
        return next(keyed, address)

    def _is_address(self, address) -> bool:
        """Whether it leads here: a team's, or with a key of ours, though the team has another address by now."""
        return self._team(address) is not None or open_reply_address(apart(address)[1]) is not None

    def _may_be_ours(self, address) -> bool:
        return self._team(address) is not None or KEY.fullmatch(apart(address)[1]) is not None

    def _team(self, address):
        return self.addresses.get(address) or self.addresses.get(apart(address)[0])

    def _attempt(self, mail, found, work, whole=True):
        """Do it as a whole or not at all; what fails is parked, and the next one goes on (threat model, rule 43)."""
        files = len(session.info.get(KEPT, ()))
        try:
            with session.begin_nested() if whole else nullcontext():
                work()
        except (OperationalError, InterfaceError):
            raise  # the database is away: that is no fault of the mail
        except Exception as error:
            log.exception("Incoming mail %s cannot be placed.", mail.id)
            self.people.pop(found.author, None)
            mail.becomes("parked", f"{NOT_PLACED} {type(error).__name__}", self.at)
            for key in session.info.get(KEPT, [])[files:]:
                discard(key)

    def _decide(self, mail, found, mine):
        if check := self.checks.get(found.mail_id):
            check.arrived_at = check.arrived_at or self.at
            return mail.becomes("automatic", CHECK, self.at)
        if found.mail_id in self.ours or self._is_ours(found.author):
            return mail.becomes("automatic", OURS, self.at)
        if found.automatic == "bounce":
            return note_bounce(mail, found, self.at)
        link = open_reply_address(apart(mine)[1], mail.received_at) if mine else None
        if found.automatic and not mail.released:
            ticket = link.ticket if link else next(iter(tickets_of_thread(found.references, mail.team)), None)
            return mail.becomes("automatic", KINDS[found.automatic], self.at, ticket=ticket)
        if not self._can_be_answered(found.author):
            return mail.becomes("parked", NO_SENDER, self.at)
        return self._by_key(mail, found, link) or self._by_thread(mail, found) or self._by_recipient(mail, found)

    def _is_ours(self, address) -> bool:
        return address in self.addresses or address == normal_email(self.config["MAIL_FROM"])

    def _can_be_answered(self, address) -> bool:
        try:
            mailbox("", address)
        except BadAddress:
            return False
        return len(address) <= 254

    def _by_key(self, mail, found, link) -> bool:
        """The signed reply address. Whoever answers tickets needs their own key, and the rights of now (rule 44)."""
        if link is None:
            return False
        ticket = link.ticket.stays  # where it goes on, if it was merged away (R-MERGE-2)
        author, owner = self._contact(found), link.contact
        of_staff = owner.user is not None and owner.user.role in INTERNAL
        if of_staff:
            if author is not owner or not owner.internal or not may_see(owner.user, ticket):
                return False
        elif link.purpose == "note" or (author is not owner and _is_staff(author)):
            return False
        if author is owner:
            link.last_used_at, owner.bounced_at = self.at, None
        self._reply(mail, found, link.ticket, author, "reply_address", internal=link.purpose == "note")
        return True

    def _by_thread(self, mail, found) -> bool:
        """The mails it answers, if the author takes part; colleagues answer by their key alone (rules 44 and 45)."""
        author = found.references and (self.people.get(found.author) or Contact.by_email(found.author))
        if not author:
            return False
        for one in tickets_of_thread(found.references, mail.team):
            ticket = one.stays
            if self._sent_elsewhere(mail, found, ticket.team):
                continue
            if author.id == ticket.customer_id or (not _is_staff(author) and taking_part(ticket, author)):
                self._reply(mail, found, one if one.customer_id == author.id else ticket, author, "thread")
                return True
        return False

    def _sent_elsewhere(self, mail, found, team) -> bool:
        """Whether it was sent to another team than that of the thread on purpose: to one of another company, or to
        both, of which each then gets it (threat model, rule 49)."""
        if mail.team in (None, team):
            return False
        return mail.team.company_id != team.company_id or any(self._team(one) is team for one in found.recipients)

    def _reply(self, mail, found, known_as, author, rule, internal=False):
        """A reply on the ticket that the author knows, wherever that goes on (R-MERGE-2)."""
        ticket = known_as.stays
        key = self._key(ticket.team, found, mail)
        if session.scalar(select(Message.id).where(Message.submission_key == key)):
            return self._twice(mail, key)
        # Two programs that take part in a ticket, and hide what they are, would answer each other for ever.
        if self.placed[found.author, "reply"] >= self.limit and not (mail.released or _is_staff(author)):
            return mail.becomes("quarantined", TOO_OFTEN, self.at, ticket=ticket)
        self.placed[found.author, "reply"] += 1
        hush = not self._may_answer(found)
        said = words_kept(found), files_kept(found), internal, key, mail.received_at
        stage_id = ticket.stage_id
        try:
            if hush:
                with no_stage_mails():
                    message = known_as.reply(author, *said)
            else:
                message = known_as.reply(author, *said)
        except TicketClosed:
            return mail.becomes("parked", CLOSED, self.at, ticket=ticket)
        message.mail_id, message.placed_by = found.mail_id, rule
        self.known[key] = True
        if not hush and (message.ticket is not ticket or ticket.stage_id != stage_id):
            self._note_answer(mail, found)
        return mail.becomes("reply", "", self.at, ticket=message.ticket, message=message, team=message.ticket.team)

    def _by_recipient(self, mail, found) -> bool:
        """A new ticket of the team it was sent to; nothing else in the mail has a say (threat model, rule 48)."""
        if mail.team is None:
            return mail.becomes("parked", NO_TEAM, self.at)
        if not mail.team.active:
            return mail.becomes("parked", NOT_ACTIVE, self.at)
        key = self._key(mail.team, found, mail)
        if self.known[key] if key in self.known else self._is_known(key):
            return self._twice(mail, key)
        if not mail.released:
            if found.spam:
                return mail.becomes("quarantined", SPAM, self.at)
            if self.placed[found.author, "ticket"] >= self.limit:
                return mail.becomes("quarantined", TOO_MANY, self.at)
        self.placed[found.author, "ticket"] += 1
        opening = self._opening(mail, found, key)
        if opening.answered:
            self.answered.add(found.author)
        self.openings.append((mail, found, opening))
        return True

    def _opening(self, mail, found, key) -> Opening:
        return Opening(
            mail.team, None, subject_kept(found), words_kept(found), attachments=files_kept(found), key=key,
            at=mail.received_at, answered=self._may_answer(found), mail_id=found.mail_id, placed_by="recipient",
        )  # fmt: skip

    def finish(self):
        """Open the tickets that were lined up: together, and one by one where that fails."""
        lined_up, self.openings = self.openings, []
        if not lined_up:
            return
        files = len(session.info.get(KEPT, ()))
        try:
            with session.begin_nested():
                self._open(lined_up)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            if len(lined_up) > 1 or not isinstance(error, IntegrityError):
                log.info("New tickets are opened one by one: %s", type(error).__name__)
            for key in session.info.get(KEPT, [])[files:]:
                discard(key)
            for one in lined_up:
                self._open_alone(*one)

    def _open_alone(self, mail, found, opening):
        self.people.pop(found.author, None)

        def work():
            if self._is_known(opening.key):
                return self._twice(mail, opening.key)
            fresh = self._opening(mail, found, opening.key)
            fresh.team = opening.team
            # Its author may be new to us alone: another worker was quicker, and perhaps answered already.
            author = self._contact(found)
            session.refresh(author, with_for_update={"key_share": True})
            fresh.answered = opening.answered and author.email not in self._answered([author.email])
            return self._open([(mail, found, fresh)])

        self._describe(mail, found, opening.team)
        self._attempt(mail, found, work)

    def _open(self, lined_up):
        with session.no_autoflush:
            # In one order, so that workers side by side do not wait for each other in a circle.
            for _mail, found, opening in sorted(lined_up, key=lambda one: one[1].author):
                opening.customer = self._contact(found, together=True)
        tickets = open_tickets([opening for _, _, opening in lined_up])
        for (mail, found, opening), ticket in zip(lined_up, tickets, strict=True):
            self._describe(mail, found, opening.team)
            what = {"ticket_id": ticket.id, "message_id": opening.message.id, "answered": opening.answered}
            mail.becomes("ticket", "", self.at, **what)
            self.known[opening.key] = True

    def _contact(self, found, together=False) -> Contact:
        """The author as a contact. Nobody else is made of a mail (threat model, rule 46).

        ``together`` with others a new one is inserted without looking again: ``finish`` sees to it if that fails.
        """
        if found.author not in self.people:
            language = found.language if found.language in LANGUAGES else self.config["BABEL_DEFAULT_LOCALE"]
            if together and found.author in self.unknown:
                known = Contact(email=found.author, name=found.name[:120], language=language)
                session.add(known)
            else:
                known = Contact.get_or_create(found.author, found.name[:120], language)
            self.unknown.discard(found.author)
            self.people[found.author] = known
        return self.people[found.author]

    def _key(self, team, found, mail) -> str:
        """One message for each team, however often and by whichever way it comes (threat model, rule 49)."""
        digest = hashlib.sha256(f"mail {team.id} {found.mail_id or mail.key}\0{found.author}\0".encode())
        digest.update(f"{found.subject}\0{found.text}".encode())
        for file in found.files:
            digest.update(hashlib.sha256(file.content).digest())
        return digest.hexdigest()

    def _is_known(self, key) -> bool:
        return any(session.scalar(select(one.id).where(one.submission_key == key)) for one in (Ticket, Message))

    def _twice(self, mail, key):
        ticket = session.scalar(select(Ticket).where(Ticket.submission_key == key))
        message = session.scalar(select(Message).where(Message.submission_key == key))
        state = "reply" if message else "ticket"
        return mail.becomes(state, TWICE, self.at, ticket=message.ticket if message else ticket, message=message)

    def _may_answer(self, found) -> bool:
        """Whether a stage may write back: not to a machine, a list or ourselves, and once a day (rules 50 and 51)."""
        return found.answerable and found.author not in self.answered

    def _note_answer(self, mail, found):
        mail.answered = True
        self.answered.add(found.author)


def _is_staff(contact) -> bool:
    """Whether this address is that of somebody who answers tickets, or did."""
    return contact.user is not None and contact.user.role in INTERNAL
