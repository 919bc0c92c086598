"""The vocabulary of the helpdesk: every model by its name."""

from .attachment import Attachment, Upload
from .base import Base, Refusal, db, now, session
from .batch import Batch, BatchTicket
from .bulk import BulkAction, BulkItem
from .canned import CannedReply
from .closing import Closing
from .company import Company
from .draft import Draft
from .event import Event
from .follower import TeamFollower, TicketFollower
from .head_start import HeadStart
from .incoming import AddressCheck, IncomingMail, TeamAddress
from .links import Link
from .lookalikes import Lookalike
from .merging import CannotMerge, MergedPath, Merging, merge
from .message import Message
from .outbox import Delivery
from .people import Contact, TimeOff, User
from .presence import Presence
from .rating import Rating
from .saved_view import SavedView
from .setting_change import SettingChange
from .stage import ColumnFold, Stage
from .team import Team, TeamMember, make_team
from .template import Template
from .ticket import Tag, Ticket, open_ticket
from .undo import Undo

__all__ = [
    "AddressCheck",
    "Attachment",
    "Base",
    "Batch",
    "BatchTicket",
    "BulkAction",
    "BulkItem",
    "CannedReply",
    "CannotMerge",
    "Closing",
    "ColumnFold",
    "Company",
    "Contact",
    "Delivery",
    "Draft",
    "Event",
    "HeadStart",
    "IncomingMail",
    "Link",
    "Lookalike",
    "MergedPath",
    "Merging",
    "Message",
    "Presence",
    "Rating",
    "Refusal",
    "SavedView",
    "SettingChange",
    "Stage",
    "Tag",
    "Team",
    "TeamAddress",
    "TeamFollower",
    "TeamMember",
    "Template",
    "Ticket",
    "TicketFollower",
    "TimeOff",
    "Undo",
    "Upload",
    "User",
    "db",
    "make_team",
    "merge",
    "now",
    "open_ticket",
    "session",
]
