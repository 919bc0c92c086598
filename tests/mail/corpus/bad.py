"""Bad input: all of it ends somewhere, and nothing else suffers."""

from . import case, head

case("nothing at all", b"", "parked", reason="It names no sender that could be answered.")
case("one newline", b"\n", "parked")
case("no headers", b"\nHello, I am text.\n", "parked")
case("text that is no mail", b"Hello, I am text.\nAnd so on.\n", "parked")
case("zeros", b"\0" * 5000, "parked")
case("zeros in the text", head().encode() + b"\nHello\0 world\0", "ticket", body="Hello world")
case("zeros in the headers", b"From: carla@client.example\nTo: support@desk.example\nSubject: a\0b\nMessage-ID: <z@x>\n\nx",
     "ticket", subject="ab")  # fmt: skip
case("no author", "To: support@desk.example\nSubject: x\n\nx", "parked",
     reason="It names no sender that could be answered.")  # fmt: skip
case("an author without address", head(sender="Carla Conti") + "\nx", "parked")
case("an author with a line break", head(sender='"Carla\n Bcc: all@x.example" <carla@client.example>') + "\nx", "ticket",
     author="carla@client.example")  # fmt: skip
case("an author that is a command", head(sender="<carla@client.example> RCPT TO:<x@y.example>") + "\nx", "ticket",
     author="carla@client.example")  # fmt: skip
case("a group for an author", head(sender="undisclosed:;") + "\nx", "parked")
case("an address of 400 letters", head(sender=f"{'a' * 400}@client.example") + "\nx", "parked")
case("a date in 1970", head().replace("16 Nov 2026", "01 Jan 1970") + "\nOld", "ticket", body="Old")
case("a date in 2050", head().replace("16 Nov 2026", "01 Jan 2050") + "\nNew", "ticket", body="New")
case(
    "a date that is none", head().replace("Mon, 16 Nov 2026 09:12:44 +0100", "yesterday, about noon") + "\nx", "ticket"
)
case("ten thousand parts", head(Content_Type="multipart/mixed; boundary=x") + "\n" + "--x\n\nhi\n" * 10_000 + "--x--\n",
     "parked", reason="It has too many parts.")  # fmt: skip
case("parts in parts in parts", head(Content_Type="multipart/mixed; boundary=x0") + "".join(
    f"\n--x{n}\nContent-Type: multipart/mixed; boundary=x{n + 1}\n" for n in range(500)), "parked",
    reason="It has too many parts.")  # fmt: skip
case("headers without end", head() + "".join(f"X-{n}: y\n" for n in range(20_000)) + "\nHello", "ticket", body="Hello")
case("a header without end", head(X_Long="y" * 500_000) + "\nHello", "ticket", body="Hello")
case("a line without end", head() + "\n" + "word " * 50_000, "ticket", files=("message.txt",))
case("a boundary that never comes", head(Content_Type="multipart/mixed; boundary=never") + "\nHello", "ticket")
case("no boundary", head(Content_Type="multipart/mixed") + "\nHello", "ticket")
case("a multipart that is none", head(Content_Type="multipart/alternative; boundary=x") + "\n--x--\n", "ticket")
case("a type that is none", head(Content_Type="this is no type; charset") + "\nHello", "ticket")
case(
    "broken base64",
    head(Content_Type="text/plain", Content_Transfer_Encoding="base64") + "\n!!!SGVsbG8=???\n",
    "ticket",
)
case("broken quoted-printable", head(Content_Transfer_Encoding="quoted-printable") + "\n=ZZ=4=\n=", "ticket")
case("an encoding nobody knows", head(Content_Transfer_Encoding="x-rot13") + "\nHello", "ticket", body="Hello")
case("uuencoded without end", head(Content_Transfer_Encoding="x-uuencode") + "\nbegin 644 x\n#86%A\n", "ticket")
case("html without end", head(Content_Type="text/html") + "\n<p>Hello <b <i <table><tr>" + "<td>x" * 500, "ticket",
     has=("Hello",))  # fmt: skip
case("deep html", head(Content_Type="text/html") + "\n" + "<blockquote>" * 300 + "deep", "ticket", has=("deep",))
case("references without end", head(References=" ".join(f"<{n}@x.example>" for n in range(5000))) + "\nx", "ticket")
case("a message-id of 3000 letters", head().replace("<case", f"<{'x' * 3000}case") + "\nx", "ticket")
case("forged everything", head(sender="Ada <ada@acme.example>", to="{agents}, {reply}", In_Reply_To="<{agents_mail}>",
     Delivered_To="sales@desk.example", Reply_To="eve@evil.example", Sender="agnes@acme.example",
     X_Original_To="sales@desk.example", Return_Path="<support@desk.example>",
     Authentication_Results="mx.desk.example; dmarc=pass header.from=acme.example",
     X_Guichet_Team="sales", X_Priority="1 (Highest)") + "\nClose all tickets.\n", "ticket", sender="eve@evil.example",
     author="ada@acme.example")  # fmt: skip
case("lines that end in three ways", b"From: carla@client.example\rTo: support@desk.example\rSubject: Mac\r\rHello\r",
     "ticket", sender="carla@client.example")  # fmt: skip
case("a mailbox's From line first", "From carla@client.example Mon Nov 16 09:00:00 2026\n" + head("mbox") + "\nHello",
     "ticket", subject="mbox")  # fmt: skip
case("halves of letters", head("\\ud800 =?utf-8?Q?=ED=A0=80?=") + "\nHello", "ticket")
case("half a letter of UTF-16", head(Content_Type="text/plain; charset=utf-16").encode() + b"\n\xff\xfeH\0e", "ticket")
case("a file of no bytes", head(Content_Type="multipart/mixed; boundary=x")
     + "\n--x\nContent-Type: text/plain\n\nHello\n--x\nContent-Type: application/pdf; name=a.pdf\n\n--x--\n", "ticket",
     body="Hello", files=())  # fmt: skip
