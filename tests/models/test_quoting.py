"""A mail's text taken apart: new words, what they answer, signature. The samples are how the clients write."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.quoting import LONGEST, parts, pieces

MARKED = "> Hello,\n> the printer is on fire.\n>\n> Carla\n"
UNMARKED = "Hello,\nthe printer is on fire.\n\nCarla\n"

ATTRIBUTIONS = {
    "Gmail": "On Mon, Nov 16, 2026 at 10:12 AM Carla Client <carla@client.example> wrote:\n\n",
    "Gmail, wrapped": "On Mon, Nov 16, 2026 at 10:12 AM Carla Client <\ncarla@client.example> wrote:\n\n",
    "Gmail, wrapped late": "On Mon, 16 Nov 2026 at 10:12, Carla Client of the Clients <carla@client.example>\nwrote:\n",
    "Gmail in French": "Le lun. 16 nov. 2026 à 10:12, Carla <carla@client.example> a écrit :\n\n",
    "Gmail in German": "Am Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Carla <carla@client.example>:\n\n",
    "Gmail on a German phone": "Carla <carla@client.example> schrieb am Mo., 16. Nov. 2026, 10:12:\n\n",
    "Gmail of old": "2026-11-16 10:12 GMT+01:00 Carla Client <carla@client.example>:\n\n",
    "Apple Mail": "On 16 Nov 2026, at 10:12, Carla Client <carla@client.example> wrote:\n\n",
    "Apple Mail in French": "Le 16 nov. 2026 à 10:12, Carla <carla@client.example> a écrit\u00a0:\n\n",
    "Apple Mail in German": "Am 16.11.2026 um 10:12 schrieb Carla <carla@client.example>:\n\n",
    "Thunderbird": "On 11/16/26 10:12, Carla Client wrote:\n",
    "Thunderbird in French": "Le 16/11/2026 à 10:12, Carla Client a écrit\u202f:\n",
    "Thunderbird in German": "Am 16.11.26 um 10:12 schrieb Carla Client:\n",
    "Proton": "On Monday, November 16th, 2026 at 10:12 AM, Carla <carla@client.example> wrote:\n\n",
    "Guichet's sender": "Le lun. 16 nov. 2026 à 10:12, Acme Support <support@desk.example> a\nécrit :\n",
}
HEADS = {
    "Outlook": "From: Carla <carla@client.example>\nSent: Monday, November 16, 2026 10:12\nTo: Help\nSubject: Fire\n\n",
    "Outlook in French": "De : Carla\nEnvoyé : lundi 16 novembre 2026 10:12\nÀ : Aide\nObjet : Feu\n\n",
    "Outlook in German": "Von: Carla\nGesendet: Montag, 16. November 2026 10:12\nAn: Hilfe\nBetreff: Feuer\n\n",
    "Outlook, bold": "*From:* Carla\n*Sent:* Monday\n*To:* Help\n*Subject:* Fire\n\n",
    "Outlook on the web": "_" * 32 + "\nFrom: Carla\nSent: Monday\nTo: Help\nSubject: Fire\n\n",
    "a separator": "-----Original Message-----\n",
    "a French separator": "-----Message d’origine-----\nDe : Carla\n",
    "a German separator": "-----Ursprüngliche Nachricht-----\nVon: Carla\n",
}


@pytest.mark.parametrize("client", ATTRIBUTIONS)
def test_the_answer_stands_above_what_it_answers(client):
    quoted = ATTRIBUTIONS[client] + MARKED
    assert parts("Thanks, it works.\n\n" + quoted) == ("Thanks, it works.\n\n", quoted, "")
    assert parts("It works.\n" + quoted) == ("It works.\n", quoted, "")


@pytest.mark.parametrize("client", {**ATTRIBUTIONS, **HEADS})
def test_without_marks_all_below_is_quoted(client):
    quoted = {**ATTRIBUTIONS, **HEADS}[client] + UNMARKED
    assert parts("It works.\n\n" + quoted) == ("It works.\n\n", quoted, "")


def test_lines_may_end_as_in_mail():
    text = "It works.\r\n\r\nOn 16 Nov 2026, Carla <c@client.example> wrote:\r\n> Fire\r\n"
    assert parts(text).new == "It works.\r\n\r\n"
    assert "".join(parts(text)) == text


def test_an_answer_below_the_quotation_is_new():
    text = ATTRIBUTIONS["Thunderbird"] + MARKED + "\nIt works.\n"
    assert parts(text) == (text, "", "")
    assert [piece.sort for piece in pieces(text)] == ["quoted", "new"]


def test_a_signature_may_stand_below_the_quotation():
    quoted = ATTRIBUTIONS["Thunderbird"] + MARKED + "\n"
    assert parts("It works.\n" + quoted + "-- \nCarla\n") == ("It works.\n", quoted, "-- \nCarla\n")


def test_answers_among_the_quotation_stay():
    text = ATTRIBUTIONS["Thunderbird"] + "> Is it on?\nYes.\n> Is it green?\nNo, red.\n> Carla\n"
    assert parts(text).new.endswith("No, red.\n")
    assert [piece.text for piece in pieces(text) if piece.sort == "new"] == ["Yes.\n", "No, red.\n"]


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nCarla Client\nClients Ltd\n",
        "--\nCarla\n",
        "Sent from my iPhone\n",
        "Envoyé de mon iPhone",
        "Von meinem iPhone gesendet\n",
        "Get Outlook for iOS<https://aka.ms/o0ukef>\n",
        "Kind regards,\nCarla Client\nClients Ltd\n+33 1 23 45 67 89\n",
        "Cordialement,\n\nCarla Client\nSociété Client\n12, rue des Lilas\n",
        "Mit freundlichen Grüßen\nCarla Client\nClient GmbH\nBerlin\n",
    ],
)
def test_a_signature_is_known(signature):
    assert parts("It works.\n\n" + signature) == ("It works.\n\n", "", signature)
    quoted = ATTRIBUTIONS["Gmail"] + MARKED
    assert parts("It works.\n" + signature + "\n" + quoted) == ("It works.\n", signature + "\n" + quoted, "")


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, that helped.\nOne more thing: it smokes.\n",
        "Best regards\nCarla\n",
        "We need\n- paper\n- ink\n",
        "--\n" + "a line of a table\n" * 30,
        "On Monday the man at the desk wrote:\nnothing at all.\n",
        "I ask for a ride.\nFrom: Paris\nTo: London\nDate: 16 Nov 2026\nTwo people.\n",
        "The script says:\nprint(1 > 0):\nWhy?\n",
        "Sent the parcel yesterday.\n",
        "Type this:\n```\n> help\n> exit\n```\n",
        "Le 16 novembre, il faut :\nune table et deux chaises.\n",
    ],
)
def test_what_only_looks_like_it_is_read(text):
    assert parts(text) == (text, "", "")


def test_a_forwarded_mail_is_what_is_to_be_read():
    head = "FYI\n\n---------- Forwarded message ---------\nFrom: Eve <eve@client.example>\nDate: Mon\nSubject: Fire\n"
    assert parts(head + UNMARKED).new == head + UNMARKED


@pytest.mark.parametrize("text", ["", "\n", MARKED, HEADS["Outlook"] + UNMARKED, "-- \nCarla\n"])
def test_without_new_words_nothing_is_folded(text):
    assert parts(text) == (text, "", "")


def test_what_is_too_long_is_left_whole():
    text = "Hello\n" + "> quoted\n" * (LONGEST // 9)
    assert parts(text).new == text


LINES = st.sampled_from(
    ["Hello", "> x", ">", "", " ", "-- ", "--", "On 1 May, C <c@d.e> wrote:", "Sent from my x", "From: a", "Subject: b",
     "To: c", "Regards,", "\r", "\x0b", "wrote:", "_" * 32, "Le 1 a écrit :", "-----Original Message-----"]
)  # fmt: skip


@given(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=30).map("\n".join))
def test_nothing_is_lost(text):
    assert "".join(parts(text)) == text
    assert "".join(piece.text for piece in pieces(text)) == text


@pytest.mark.parametrize(
    "line",
    [
        "On ", "On x wrote:\n", "On " + "a " * 110 + "wrote:\n", "-", "-" * 240 + "\n", "_", ">", "From: x\n",
        "- " * 90 + "\n", "Le " + "a écrit " * 28 + ":\n", "Am " + "schrieb " * 28 + ":\n", "\n", " ", "x\n<y@z>:\n",
        "Sent from my ", "On 1\n" * 2 + "wrote:\n", "<" * 200 + ">:\n",
    ],
)  # fmt: skip
def test_hostile_texts_take_linear_time(line):
    text = "Hi\n" + line * ((LONGEST - 3) // len(line))
    before = time.process_time()
    parts(text)
    assert time.process_time() - before < 1  # a quadratic pattern takes minutes
