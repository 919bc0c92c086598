"""The files of messages, for those who see the ticket."""

from flask import abort

from models import Attachment, Message, session
from models.access import LARGEST_ID
from web import files

from . import bp, me


@bp.get("/tickets/<int:number>/attachments/<int:id>")
def attachment(number, id):
    return files.download(_file(number, id))


@bp.get("/tickets/<int:number>/attachments/<int:id>/picture")
def attachment_picture(number, id):
    return files.picture(_file(number, id))


def _file(number, id) -> Attachment:
    ticket = me().ticket(number)
    file = session.get(Attachment, id) if id <= LARGEST_ID else None
    message = file and session.get(Message, file.message_id or 0)
    if message is None or ticket.id not in (message.ticket_id, message.home_id):
        abort(404)
    return file
