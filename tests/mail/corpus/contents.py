"""What mails are made of: charsets, files, pictures, invitations, other mails."""

import base64

from . import case, head
from .clients import encoded_word

PNG = base64.encodebytes(
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
).decode()


def mixed(*parts: str, kind="mixed", **headers) -> str:
    inner = "".join(f"--sep\n{part.strip(chr(10))}\n" for part in parts)
    return head(Content_Type=f'multipart/{kind}; boundary="sep"', **headers) + f"\n{inner}--sep--\n"


def file(type: str, disposition: str, content="SGVsbG8=") -> str:
    return f"Content-Type: {type}\nContent-Transfer-Encoding: base64\nContent-Disposition: {disposition}\n\n{content}"


TEXT = "Content-Type: text/plain; charset=utf-8\n\nSee the file."
CHARSETS = {
    "utf-8": "Größe — œuvre €",
    "iso-8859-1": "Größe été",
    "iso-8859-15": "Größe œuvre €",
    "windows-1252": "“Größe” – €",
    "iso-8859-2": "Zażółć gęślą jaźń",
    "windows-1251": "Принтер горит",
    "koi8-r": "Принтер горит",
    "iso-8859-7": "Ο εκτυπωτής",
    "windows-1255": "המדפסת",
    "windows-1256": "الطابعة تحترق",
    "iso-2022-jp": "プリンターが燃えています",
    "shift_jis": "プリンターが燃えています",
    "euc-jp": "プリンターが燃えています",
    "gb2312": "打印机着火了",
    "gb18030": "打印机着火了",
    "big5": "印表機著火了",
    "euc-kr": "프린터에 불이 났습니다",
    "ks_c_5601-1987": "프린터에 불이 났습니다",
    "utf-16": "Größe 印",
    "utf-7": "Größe",
    "macintosh": "Größe",
}
for charset, words in CHARSETS.items():
    python = {"macintosh": "mac-roman", "ks_c_5601-1987": "cp949"}.get(charset, charset)
    body = base64.encodebytes(words.encode(python))
    case(
        f"charset {charset}",
        head(Content_Type=f"text/plain; charset={charset}", Content_Transfer_Encoding="base64").encode() + b"\n" + body,
        "ticket", body=words,
    )  # fmt: skip

case("utf-8 said to be latin-1", head(Content_Type="text/plain; charset=us-ascii").encode() + "\nété".encode(),
     "ticket", body="été")  # fmt: skip
case("latin-1 said to be utf-8", head(Content_Type="text/plain; charset=utf-8").encode() + b"\n\xe9t\xe9", "ticket",
     body="été")  # fmt: skip
case(
    "no charset at all, latin-1", head().encode() + b"\nGr\xfc\xdfe aus M\xfcnchen", "ticket", body="Grüße aus München"
)
case("a charset nobody knows", head(Content_Type="text/plain; charset=x-klingon").encode() + "\nété".encode(), "ticket",
     body="été")  # fmt: skip
case("a charset that is a codec of Python", head(Content_Type="text/plain; charset=unicode_escape") + "\n\\x41\\u0042",
     "ticket", body="\\x41\\u0042")  # fmt: skip
case("a charset that compresses", head(Content_Type="text/plain; charset=zlib") + "\nHello", "ticket", body="Hello")
case(
    "raw bytes beside encoded words",
    b"From: carla@client.example\nTo: support@desk.example\nMessage-ID: <raw3@x>\n"
    b"Subject: =?utf-8?B?w6l0w6k=?= \xe9t\xe9 =?utf-8?q?caf=C3?= =?utf-8?q?=A9?=\n\nText\n",
    "ticket",
    subject="été été café",
)
case("raw bytes in the subject", b"From: carla@client.example\nTo: support@desk.example\nMessage-ID: <raw@x>\n"
     b"Subject: Gr\xc3\xbc\xc3\x9fe\n\nHello", "ticket", subject="Grüße")  # fmt: skip
case("latin-1 bytes in the subject", b"From: carla@client.example\nTo: support@desk.example\nMessage-ID: <raw2@x>\n"
     b"Subject: \xc9t\xe9\n\nHello", "ticket", subject="Été")  # fmt: skip
case("encoded words in pieces", head("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?iso-8859-1?Q?_aus_?=\n =?utf-8?B?TcO8bmNoZW4=?=")
     + "\nHello", "ticket", subject="Grüße aus München")  # fmt: skip
case("a broken encoded word", head("=?utf-8?B?TcO8bmNoZ?= x") + "\nHello", "ticket")
case("no subject", "From: carla@client.example\nTo: support@desk.example\n\nThe lift is stuck.\n", "ticket",
     subject="The lift is stuck.")  # fmt: skip
case("no subject and no text", "From: carla@client.example\nTo: support@desk.example\nMessage-ID: <void@x>\n\n", "ticket",
     subject="(no subject)")  # fmt: skip
case("only a subject", head("Please call me") + "\n", "ticket", body="Please call me")
case("a very long subject", head("x" * 2000) + "\nHello", "ticket", subject="x" * 249 + "…")
case("direction is not turned", head("invoice\u202excod.exe".encode().decode("latin-1")).encode("latin-1")
     + b"\nHello", "ticket", subject="invoicexcod.exe")  # fmt: skip
case("the author's name in another charset",
     head(sender=f"{encoded_word('Zoë Ünal', 'iso-8859-1')} <zoe@client.example>") + "\nHello", "ticket",
     author="zoe@client.example")  # fmt: skip
case("an author with a comma", head(sender='"Conti, Carla" <carla@client.example>') + "\nHello", "ticket",
     author="carla@client.example")  # fmt: skip
case(
    "an author in upper case", head(sender="CARLA@CLIENT.EXAMPLE") + "\nHello", "ticket", author="carla@client.example"
)
case("two authors", head(sender="carla@client.example, carl@client.example") + "\nHello", "ticket",
     author="carla@client.example")  # fmt: skip
case("an author beyond ASCII", head(sender="dörte@bücher.example") + "\nHello", "ticket", author="dörte@bücher.example")

case("a file", mixed(TEXT, file("application/pdf; name=a.pdf", "attachment; filename=a.pdf")), "ticket",
     body="See the file.", files=("a.pdf",))  # fmt: skip
case("a file name in RFC 2231",
     mixed(TEXT, file("application/pdf", "attachment;\n filename*0*=utf-8''R%C3%A9sum%C3%A9;\n filename*1=.pdf")), "ticket",
     files=("Résumé.pdf",))  # fmt: skip
case("a file name in encoded words",
     mixed(TEXT, file(f'application/pdf; name="{encoded_word("Größe.pdf")}"', "attachment")), "ticket",
     files=("Größe.pdf",))  # fmt: skip
case("a file name with a path", mixed(TEXT, file("text/plain", 'attachment; filename="..\\\\..\\\\etc\\\\passwd"')), "ticket",
     files=("passwd",))  # fmt: skip
case("a file without a name", mixed(TEXT, file("image/png", "attachment", PNG)), "ticket", files=("file-1.png",))
case("a text as a file", mixed(TEXT, file("text/plain; name=log.txt", "attachment; filename=log.txt")), "ticket",
     body="See the file.", files=("log.txt",))  # fmt: skip
case("a page as a file", mixed(TEXT, file("text/html; name=page.html", "attachment; filename=page.html")), "ticket",
     files=("page.html",))  # fmt: skip
case("only a file", head("Scan", Content_Type="application/pdf; name=scan.pdf", Content_Transfer_Encoding="base64",
                         Content_Disposition="attachment; filename=scan.pdf") + "\nSGVsbG8=\n",
     "ticket", body="Scan", files=("scan.pdf",))  # fmt: skip
case("a picture in the page",
     mixed('Content-Type: text/html; charset=utf-8\n\n<p>Look:</p><img src="cid:pic1@client" alt="the smoke">',
           f"Content-Type: image/png; name=smoke.png\nContent-ID: <pic1@client>\nContent-Transfer-Encoding: base64\n"
           f"Content-Disposition: inline; filename=smoke.png\n\n{PNG}", kind="related"),
     "ticket", has=("Look:", "[the smoke]"), files=("smoke.png",))  # fmt: skip
case("apple mail with a picture between texts",
     mixed("Content-Type: text/plain\n\nBefore", file("image/png; name=a.png", "inline; filename=a.png", PNG),
           "Content-Type: text/plain\n\nAfter"), "ticket", body="Before\n\nAfter", files=("a.png",))  # fmt: skip
case("a picture from elsewhere is not fetched", head(Content_Type="text/html")
     + '\n<p>Hello</p><img src="https://tracker.example/p.gif" width=1><script>alert(1)</script>'
       '<a href="javascript:alert(1)">x</a><style>p{}</style>', "ticket", has=("Hello",),
     lacks=("tracker", "alert", "javascript", "<"))  # fmt: skip
case("links and emphasis of a page", head(Content_Type="text/html")
     + '\n<p>See <a href="https://shop.example/a?b=c">the <i>shop</i></a>, <b>now</b>.</p>', "ticket",
     has=("(https://shop.example/a?b=c)", "**now**"))  # fmt: skip
case("a table of a page", head(Content_Type="text/html")
     + "\n<table><tr><th>Item</th><th>Price</th></tr><tr><td>Ink</td><td>12</td></tr></table>", "ticket",
     has=("Item | Price", "Ink | 12"))  # fmt: skip
case("plain text that says nothing", mixed(
    "Content-Type: text/plain\n\nYour program cannot show HTML.",
    "Content-Type: text/html\n\n<p>" + "Dear support, this is the long and real text of this mail. " * 5 + "</p>",
    kind="alternative"), "ticket", has=("long and real text",), lacks=("cannot show",))  # fmt: skip
case("an invitation of Google", mixed(
    "Content-Type: text/plain; charset=utf-8\n\nYou are invited to: Visit",
    'Content-Type: text/calendar; charset="UTF-8"; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR',
    kind="alternative"), "ticket", body="You are invited to: Visit", files=("invitation.ics",))  # fmt: skip
case("an invitation without words", head("Visit", Content_Type="text/calendar; charset=utf-8; method=REQUEST")
     + "\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Repair of the\n  printer\nDTSTART;TZID=Europe/Paris:20261120T090000\n"
       "LOCATION:Office\nEND:VEVENT\nEND:VCALENDAR\n", "ticket",
     body="Summary: Repair of the printer\nDtstart: 20261120T090000\nLocation: Office", files=("invitation.ics",))  # fmt: skip
case("winmail.dat", mixed(TEXT, file("application/ms-tnef; name=winmail.dat", "attachment; filename=winmail.dat")),
     "ticket", files=("winmail.dat",))  # fmt: skip
case("a forwarded mail as a file", mixed(TEXT, "Content-Type: message/rfc822\n\nFrom: shop@shop.example\n"
     "Subject: Your invoice\nAuto-Submitted: auto-generated\n\nPay."), "ticket", files=("Your invoice.eml",),
     body="See the file.")  # fmt: skip
case("a digest of mails", mixed("Content-Type: message/rfc822\n\nSubject: One\n\n1",
                                "Content-Type: message/rfc822\n\nSubject: Two\n\n2", kind="digest"),
     "ticket", files=("One.eml", "Two.eml"))  # fmt: skip
case("signed by PGP", mixed("Content-Type: text/plain\n\nSigned words.",
                            "Content-Type: application/pgp-signature; name=signature.asc\n\n-----BEGIN PGP SIGNATURE-----",
                            kind="signed"), "ticket", body="Signed words.", files=("signature.asc",))  # fmt: skip
case("encrypted by PGP", mixed("Content-Type: application/pgp-encrypted\n\nVersion: 1",
                               "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----",
                               kind="encrypted", subject="..."), "ticket", body="...",
     files=("file-1.pgpencry", "encrypted.asc"))  # fmt: skip
case("signed by S/MIME", mixed("Content-Type: text/plain\n\nSigned too.", file(
    "application/pkcs7-signature; name=smime.p7s", "attachment; filename=smime.p7s"), kind="signed"), "ticket",
     body="Signed too.", files=("smime.p7s",))  # fmt: skip
case("two texts, one of them a footer of a list", mixed("Content-Type: text/plain\n\nWords.",
                                                       "Content-Type: text/plain\n\n___\nA footer"), "ticket",
     body="Words.\n\n___\nA footer")  # fmt: skip
case("text that looks like HTML", head() + "\nUse <b> and &amp; here\n", "ticket", body="Use <b> and &amp; here")
case("a signature", head() + "\nHello\n\n-- \nCarla Conti\nClient Ltd\n", "ticket", new="Hello", has=("Client Ltd",))
case("to an alias with a plus", head(to="support+urgent@desk.example") + "\nHello", "ticket",
     to="support+urgent@desk.example")  # fmt: skip
case("only in blind copy", head(to="undisclosed-recipients:;") + "\nHello", "ticket")
case("by the headers, in Cc", head(to="somebody@elsewhere.example", Cc="support@desk.example") + "\nHello", "ticket",
     to=None)  # fmt: skip
case("by the headers, to nobody here", head(to="somebody@elsewhere.example") + "\nHello", "parked", to=None,
     reason="No team has the address that it was sent to.")  # fmt: skip
case(
    "spam",
    head("Cheap pills", X_Spam_Flag="YES") + "\nBuy",
    "quarantined",
    reason="The mail server says that it is spam.",
)
case("spam by its status", head("Pills", X_Spam_Status="Yes, score=12.3 required=5") + "\nBuy", "quarantined")
case("no spam by its status", head("Hello", X_Spam_Status="No, score=-1.0") + "\nHello", "ticket")
