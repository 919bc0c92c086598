"""What people write, with the programs they write it with."""

import base64
import quopri

from . import case, head

ANSWER = {"to": "{reply}", "state": "reply", "placed_by": "reply_address"}
WORDS = {
    "en": ("It still smokes, please hurry.", "The printer is on fire"),
    "fr": ("Ça fume toujours, merci de vous dépêcher.", "L’imprimante est en feu"),
    "de": ("Es raucht immer noch, bitte beeilen Sie sich.", "Der Drucker brennt für größere Aufträge"),
    "ja": ("まだ煙が出ています。急いでください。", "プリンターが燃えています"),
    "ar": ("ما زال الدخان يتصاعد، أسرعوا من فضلكم.", "الطابعة تحترق"),
}
GMAIL = {
    "en": "On Mon, Nov 16, 2026 at 9:00 AM Support <support@desk.example> wrote:",
    "fr": "Le lun. 16 nov. 2026 à 09:00, Support <support@desk.example> a écrit :",
    "de": "Am Mo., 16. Nov. 2026 um 09:00 Uhr schrieb Support <support@desk.example>:",
    "ja": "2026年11月16日(月) 9:00 Support <support@desk.example>:",
    "ar": "‫في الاثنين، 16 نوفمبر 2026 في 9:00 ص تمت كتابة ما يلي بواسطة ‪Support‬‏ <‪support@desk.example‬‏>:‬",
}
OUTLOOK = {
    "en": ("From:", "Sent:", "To:", "Subject:", "Monday, November 16, 2026 9:00 AM"),
    "fr": ("De :", "Envoyé :", "À :", "Objet :", "lundi 16 novembre 2026 09:00"),
    "de": ("Von:", "Gesendet:", "An:", "Betreff:", "Montag, 16. November 2026 09:00"),
}


def encoded_word(text: str, charset="utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def base64_body(text: str, charset: str) -> str:
    return base64.encodebytes(text.encode(charset)).decode()


def qp(text: str, charset: str) -> str:
    return quopri.encodestring(text.encode(charset)).decode()


def part(type: str, content: str, encoding="quoted-printable", charset="utf-8") -> str:
    encode = {"base64": base64_body, "quoted-printable": qp, "8bit": lambda text, charset: text}[encoding]
    return f"Content-Type: {type}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n{encode(content, charset)}\n"


def alternative(boundary: str, *parts: str) -> str:
    return "\n" + "".join(f"--{boundary}\n{one}" for one in parts) + f"--{boundary}--\n"


for language, (said, subject) in WORDS.items():
    western = language in ("en", "fr", "de")
    straight = said.replace("’", "'")  # as older charsets have it
    new = said if western else None

    wrote = GMAIL[language]
    plain = f"{said}\n\n{wrote}\n\n> Smoke since this morning.\n>\n"
    html = (f'<div dir="auto">{said}</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">{wrote}<br></div>'
            '<blockquote class="gmail_quote">Smoke since this morning.</blockquote></div>')  # fmt: skip
    case(
        f"gmail {language}",
        head(encoded_word(f"Re: {subject}"), to="{reply}", In_Reply_To="<{sent}>", References="<{sent}>",
             Content_Type='multipart/alternative; boundary="000000000000a1b2c3"')
        + alternative("000000000000a1b2c3", part("text/plain", plain, "base64"), part("text/html", html)),
        **ANSWER, new=new, has=(said, "> Smoke since this morning."),
    )  # fmt: skip
    case(
        f"gmail {language}, html alone",
        head(encoded_word(f"Re: {subject}"), to="{reply}", Content_Type="text/html; charset=UTF-8") + "\n" + html,
        **ANSWER, new=new, has=(said, "> Smoke since this morning."), lacks=("<div", "gmail_quote"),
    )  # fmt: skip

    charset = {"ja": "iso-2022-jp", "ar": "windows-1256"}.get(language, "iso-8859-15")
    case(
        f"mutt {language} in {charset}",
        head("Re: printer", to="{reply}", In_Reply_To="<{sent}>", User_Agent="Mutt/2.2.9 (2022-11-12)",
             Content_Type=f"text/plain; charset={charset}", Content_Disposition="inline",
             Content_Transfer_Encoding="quoted-printable")
        + "\n" + qp(f"* Support <support@desk.example> [2026-11-16 09:00]:\n\n> Smoke since this morning.\n\n"
                    f"{straight}\n\n-- \nCarla\n", charset),
        **ANSWER, has=(straight, "> Smoke since this morning.", "-- "),
    )  # fmt: skip

    case(
        f"k-9 {language}",
        head(encoded_word(f"Re: {subject}"), to="{reply}", In_Reply_To="<{sent}>",
             User_Agent="K-9 Mail for Android", Content_Type="multipart/alternative; boundary=----K9BOUNDARY")
        + alternative("----K9BOUNDARY", part("text/plain", f"{said}\n", "8bit"),
                      part("text/html", f"<html><body>{said}<br><br></body></html>", "8bit")),
        **ANSWER, body=said, new=said,
    )  # fmt: skip

    quoted = ("> Le 16 nov. 2026 à 09:00, Support <support@desk.example> a écrit :\n" if language == "fr" else
              "> On 16 Nov 2026, at 09:00, Support <support@desk.example> wrote:\n")  # fmt: skip
    case(
        f"apple mail {language}, thread alone",
        head(encoded_word(f"Re: {subject}"), In_Reply_To="<{sent}>", References="<{sent}>",
             X_Mailer="Apple Mail (2.3774.600.62)", Content_Type="text/plain; charset=utf-8",
             Content_Transfer_Encoding="quoted-printable")
        + "\n" + qp(f"{said}\n\n{quoted}> \n> Smoke.\n", "utf-8"),
        state="reply", placed_by="thread", has=(said, "> Smoke."), new=new,
    )  # fmt: skip

for language, (who, when, to, about, day) in OUTLOOK.items():
    said, subject = WORDS[language]
    straight = said.replace("’", "'")
    plain = (f"{straight}\n\n{who} Support <support@desk.example>\n{when} {day}\n{to} Carla Conti\n{about} Printer\n\n"
             "Smoke since this morning.\n")  # fmt: skip
    html = ('<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal {margin:0cm}</style></head>'
            f'<body lang="EN-GB"><div class="WordSection1"><p class="MsoNormal">{straight}<o:p></o:p></p><div>'
            f'<div style="border:none"><p class="MsoNormal"><b>{who}</b> Support</p></div></div></div></body></html>')  # fmt: skip
    case(
        f"outlook {language}",
        head(encoded_word(f"RE: {subject}"), to="{reply}", In_Reply_To="<{sent}>", X_Mailer="Microsoft Outlook 16.0",
             Thread_Index="AQHbabcdef", Content_Type='multipart/alternative; boundary="_000_AM0PR"')
        + alternative("_000_AM0PR", part("text/plain", plain, charset="iso-8859-1"),
                      part("text/html", html, charset="iso-8859-1")),
        **ANSWER, new=straight, has=("Smoke since this morning.",),
    )  # fmt: skip

    page = ('<html><head><meta http-equiv="Content-Type" content="text/html; charset=Windows-1252"></head>'
            f'<body><p>{said}</p><div id="divRplyFwdMsg"><hr><b>{who}</b> Support &lt;support@desk.example&gt;<br>'
            f"<b>{when}</b> {day}<br><b>{to}</b> Carla<br><b>{about}</b> Printer</div><p>Smoke.</p></body></html>")  # fmt: skip
    case(
        f"exchange {language}, html alone in windows-1252",
        head(encoded_word(f"RE: {subject}", "windows-1252"), to="{reply}", X_MS_Has_Attach="", Content_Language=language,
             Content_Type='text/html; charset="Windows-1252"', Content_Transfer_Encoding="quoted-printable")
        + "\n" + qp(page, "cp1252"),
        **ANSWER, has=(said, "Smoke."), lacks=("<p>", "Content-Type"),
    )  # fmt: skip

    case(
        f"lotus notes {language}",
        head("Antw: Printer", to="{reply}", X_Mailer="Lotus Notes Release 9.0.1FP8 February 23, 2017",
             In_Reply_To="<{sent}>", Content_Type='multipart/alternative; boundary="=_alternative 0032"')
        + alternative("=_alternative 0032", part("text/plain", straight, charset="ISO-8859-1"),
                      part("text/html", f'<font size=2 face="sans-serif">{straight}</font>', charset="ISO-8859-1")),
        **ANSWER, body=straight,
    )  # fmt: skip

case(
    "thunderbird flowed",
    head("Re: printer", to="{reply}", User_Agent="Mozilla Thunderbird", Content_Language="en-US",
         Content_Type="text/plain; charset=UTF-8; format=flowed", Content_Transfer_Encoding="8bit")
    + "\nThis is one long line that Thunderbird cut \nso that it fits.\n\nOn 16/11/2026 09:00, Support wrote:\n"
      "> And this was quoted \n> in two lines.\n\n-- \nCarla Conti\nACME\n",
    **ANSWER, new="This is one long line that Thunderbird cut so that it fits.",
    has=("> And this was quoted in two lines.",),
)  # fmt: skip
case(
    "thunderbird flowed with delsp in Japanese",
    head("Re: printer", to="{reply}", Content_Type="text/plain; charset=UTF-8; format=flowed; delsp=yes",
         Content_Transfer_Encoding="8bit") + "\nまだ煙が \n出ています。\n",
    **ANSWER, body="まだ煙が出ています。",
)  # fmt: skip
case(
    "thunderbird html alone",
    head("Re: printer", to="{reply}", Content_Type="text/html; charset=UTF-8")
    + '\n<html><head><meta charset="UTF-8"></head><body><p>Now <b>really</b>.</p><ul><li>one</li><li>two</li></ul>'
      '<div class="moz-cite-prefix">On 16/11/2026 09:00, Support wrote:<br></div><blockquote type="cite">Smoke.</blockquote>'
      "</body></html>\n",
    **ANSWER, has=("Now **really**.", "- one\n- two", "> Smoke."), new="Now **really**.\n\n- one\n- two",
)  # fmt: skip
case(
    "iphone, sent from", head("Re: printer", to="{reply}", X_Mailer="iPhone Mail (20H115)",
                              Content_Type="text/plain; charset=us-ascii")
    + "\nYes please.\n\nSent from my iPhone\n\n> On 16 Nov 2026, at 09:00, Support <support@desk.example> wrote:\n> \n"
      "> Shall we come?\n",
    **ANSWER, new="Yes please.",
)  # fmt: skip
case("yahoo", head("Re: printer", to="{reply}", X_Mailer="WebService/1.1.2 YMailNorrin",
                   Content_Type="text/plain; charset=UTF-8")
     + "\n Thank you.\n    On Monday, November 16, 2026 at 09:00:00 AM GMT+1, Support <support@desk.example> wrote:\n \n"
       " Smoke.\n", **ANSWER, has=("Thank you.",))  # fmt: skip
case("protonmail", head("Re: printer", to="{reply}", Content_Type="text/plain; charset=utf-8",
                        Content_Transfer_Encoding="quoted-printable")
     + "\nThanks.\n\nSent with [Proton Mail](https://proton.me/) secure email.\n\nOn Monday, November 16th, 2026 at 09:00, "
       "Support <support@desk.example> wrote:\n\n> Smoke.\n", **ANSWER, new="Thanks.")  # fmt: skip
case(
    "gmail from a phone, new ticket",
    head("Urgent!!", Content_Type='text/plain; charset="UTF-8"') + "\nThe door is open.\n",
    "ticket",
    subject="Urgent!!",
    body="The door is open.",
    placed_by="recipient",
)
case("an agent answers by mail", head("Re: Assigned", sender="Agnes <agnes@acme.example>", to="{agents}",
                                      Content_Type="text/plain; charset=utf-8") + "\nWe are on our way.\n",
     "reply", to="{agents}", sender="agnes@acme.example", author="agnes@acme.example", internal=False)  # fmt: skip
case("an agent answers a note", head("Re: Internal note", sender="agnes@acme.example", to="{notes}") + "\nI know.\n",
     "reply", to="{notes}", sender="agnes@acme.example", author="agnes@acme.example", internal=True)  # fmt: skip
case("an agent is forged in the thread", head("Re: x", sender="agnes@acme.example", In_Reply_To="<{sent}>")
     + "\nSend me your password.\n", "ticket", sender="eve@evil.example", author="agnes@acme.example")  # fmt: skip
case("an agent's key, stolen", head("Re: x", sender="eve@evil.example", to="{agents}") + "\nI am Agnes.\n", "ticket",
     to="{agents}", sender="eve@evil.example", author="eve@evil.example")  # fmt: skip
case("a colleague answers in the customer's place",
     head("Re: x", sender="Carl <carl@client.example>", to="{reply}", Cc="carla@client.example") + "\nIt burns.\n",
     **ANSWER, author="carl@client.example")  # fmt: skip
case("a stranger in the thread", head("Re: x", sender="sven@elsewhere.example", In_Reply_To="<{sent}>")
     + "\nMe too.\n", "ticket", sender="sven@elsewhere.example", author="sven@elsewhere.example")  # fmt: skip
case("a thread of somebody else", head("Re: x", In_Reply_To="<unknown@elsewhere.example>") + "\nHello\n", "ticket")
case("references without in-reply-to", head("Re: x", References="<older@x.example>\n <{sent}>") + "\nYes\n", "reply",
     placed_by="thread")  # fmt: skip
case("a number in the subject", head("Re: [Ticket #1] The printer is on fire") + "\nYes\n", "ticket")
case("top posting with forwarded mail", head("Fwd: invoice", Content_Type="text/plain; charset=utf-8")
     + "\nPlease see below.\n\n---------- Forwarded message ---------\nFrom: Shop <shop@shop.example>\nDate: Mon, 16 Nov "
       "2026\nSubject: invoice\nTo: Carla\n\nYou owe us 12 euros.\n", "ticket", has=("You owe us 12 euros.",))  # fmt: skip
for reply in ("AW:", "SV:", "RES:", "Rép :", "TR:", "回复:", "رد:"):
    case(f"subject {reply}", head(encoded_word(f"{reply} Printer")) + "\nHello\n", "ticket", subject=f"{reply} Printer")
