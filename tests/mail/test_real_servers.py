"""Guichet behind a real Postfix and beside a real Dovecot, set up as docs/mail.md says.

They run where they are installed and the tests run as root, which both servers need to start. On Debian:
apt install postfix dovecot-imapd dovecot-lmtpd
"""

import os
import re
import shutil
import smtplib
import subprocess
import tempfile
from pathlib import Path

import pytest

from mail import imap
from mail.rendering import prepare, render
from models import Contact, IncomingMail, Team, open_ticket, session
from models.base import db
from models.outbox import queue_mail
from tests.mail.arriving import SUPPORT, letter, settle
from tests.mail.server import CERTIFICATE
from tests.mail.test_listener import Receiver, desk  # noqa: F401 - a fixture
from tests.running import free_port, until

HOW = "apt install postfix dovecot-imapd dovecot-lmtpd, and run the tests as root"
INSTALLED = all(map(shutil.which, ("postfix", "dovecot"))) and os.geteuid() == 0
NOTES = (Path(__file__).resolve().parents[2] / "docs" / "mail.md").read_text()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not INSTALLED, reason=f"no Postfix and Dovecot here: {HOW}")]

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.desk.example
mydestination =
mynetworks = 127.0.0.2/32
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
address_verify_poll_delay = 1
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{certificate}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
}}
"""


def shown(file: str) -> str:
    """The settings that the documentation shows for this file."""
    return re.search(rf"```\n# {file}\n(.*?)```", NOTES, re.S)[1]


@pytest.fixture
def folder():
    """A place that the users of the servers may enter."""
    path = Path(tempfile.mkdtemp(prefix="guichet-mail-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def receiver(desk, empty_database, tmp_path):  # noqa: F811
    receiver = Receiver(empty_database, tmp_path).start()
    receiver.client().quit()
    yield receiver
    receiver.kill()


@pytest.fixture
def postfix(folder, receiver):
    """A Postfix that hands over the mail of desk.example; its port."""
    port, main = free_port(), MAIN.format(folder=folder)
    settings = shown("/etc/postfix/main.cf").replace("127.0.0.1:2424", f"127.0.0.1:{receiver.port}")
    (folder / "main.cf").write_text(main + settings)
    (folder / "master.cf").write_text(MASTER.format(port=port))
    for name in ("queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    command = ["postfix", "-c", str(folder)]
    started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False)
    assert started.returncode == 0, started.stderr
    until(lambda: answers(port))
    yield port
    subprocess.run([*command, "stop"], capture_output=True, check=False)


@pytest.fixture
def dovecot(folder):
    """A Dovecot with a mailbox; its ports of IMAP over TLS and of LMTP."""
    ports = {"imaps": free_port(), "lmtp": free_port()}
    (folder / "mail").mkdir()
    shutil.chown(folder / "mail", "mail", "mail")
    settings = DOVECOT.format(folder=folder, certificate=CERTIFICATE, **ports)
    (folder / "dovecot.conf").write_text(settings + shown("/etc/dovecot/local.conf"))
    with (folder / "said").open("wb") as said:
        command = ["dovecot", "-F", "-c", str(folder / "dovecot.conf")]
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    until(lambda: answers(ports["lmtp"], smtplib.LMTP) or process.poll() is not None)
    assert process.poll() is None, (folder / "said").read_text()
    yield ports
    process.terminate()
    process.wait(20)


def answers(port, protocol=smtplib.SMTP) -> bool:
    try:
        protocol("127.0.0.1", port, timeout=5).quit()
    except (OSError, smtplib.SMTPException):
        return False
    return True


def test_postfix_hands_over_mail_and_refuses_unknown_addresses_at_the_door(postfix, receiver, folder):
    to = "support+1.1.abcdefghijklmnopqrstuvwx@desk.example"

    def accepted():
        with smtplib.SMTP("127.0.0.1", postfix) as line:
            line.ehlo()
            line.mail("carla@client.example")
            if {line.rcpt(to)[0], line.rcpt(SUPPORT)[0]} != {250}:  # not verified yet: 450
                return False
            return line.data(letter())[0] == 250

    def refused():
        with smtplib.SMTP("127.0.0.1", postfix) as line:
            line.ehlo()
            line.mail("carla@client.example")
            return line.rcpt("nobody@desk.example")[0] == 550

    until(accepted, 40)
    until(lambda: {row.recipient for row in receiver.rows()} >= {to, SUPPORT}, 40)
    assert {row.via for row in receiver.rows()} == {"lmtp"}
    until(refused, 40)


def test_dovecots_mailbox_is_fetched_and_an_answer_finds_its_ticket(dovecot, desk, trusted):  # noqa: F811
    desk.config |= {"REPLY_MARK": "+", "RECIPIENT_HEADER": "Delivered-To"}
    carla = Contact(email="carla@client.example")
    ticket = open_ticket(session.scalars(db.select(Team).where(Team.slug == "support")).one(), carla, "Fire", "Smoke")
    delivery = queue_mail("link", carla, "test", ticket=ticket)
    prepare([delivery])
    to = render(delivery)["Reply-To"].addresses[0].addr_spec
    session.commit()
    with smtplib.LMTP("127.0.0.1", dovecot["lmtp"]) as line:
        line.sendmail("carla@client.example", [to], letter(to="undisclosed-recipients:;", text="More smoke"))

    box = imap.connect(f"imaps://support%40desk.example:secret@localhost:{dovecot['imaps']}/INBOX")
    assert imap.fetch(box) == 1 and imap.fetch(box) == 0
    assert len(box.uids("ALL")) == 1
    box.logout()
    settle()

    mail = session.scalars(db.select(IncomingMail)).one()
    assert mail.message, (mail.state, mail.reason, mail.raw[:500])
    assert (mail.ticket, mail.message.body) == (ticket, "More smoke")
