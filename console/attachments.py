"""A file of a message, for those who see its ticket: always a download, never shown by the browser as a page."""

from flask import abort, send_file

from models import Attachment, Message, session

from . import bp, me


@bp.get("/tickets/<int:number>/attachments/<int:id>")
def attachment(number, id):
    ticket = me().ticket(number)
    file = session.get(Attachment, id) if id < 2**31 else None
    message = file and session.get(Message, file.message_id or 0)
    if message is None or message.ticket_id != ticket.id:
        abort(404)
    try:
        stream = file.open()
    except FileNotFoundError:
        abort(404)
    answer = send_file(stream, mimetype=file.type, as_attachment=True, download_name=file.name)
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer.headers["Cache-Control"] = "no-store"
    answer.content_length = file.size
    return answer
