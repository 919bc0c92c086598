"""Mail that no person wrote (R-MAIL-3), and mail of people that looks like it."""

from . import case, head

NOTED = {"state": "automatic", "to": "{reply}"}
DIESE = "It is an automatic reply."
WORDS = "\nI am away until Monday.\n"

case("out of office of Exchange", head("Automatic reply: The printer is on fire", In_Reply_To="<{sent}>",
     Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All") + WORDS, **NOTED, reason=DIESE)  # fmt: skip
case("out of office of Exchange in French", head("=?utf-8?Q?R=C3=A9ponse_automatique_:_imprimante?=",
     In_Reply_To="<{sent}>", Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All") + WORDS, **NOTED,
     reason=DIESE)  # fmt: skip
case("out of office of Exchange in German", head("Automatische Antwort: Drucker", X_Auto_Response_Suppress="All",
     Auto_Submitted="auto-generated") + WORDS, **NOTED, reason=DIESE)  # fmt: skip
case("vacation of Gmail", head("Away Re: printer", In_Reply_To="<{sent}>", Precedence="bulk", X_Autoreply="yes",
     Auto_Submitted="auto-replied") + WORDS, **NOTED, reason=DIESE)  # fmt: skip
case("vacation of Sieve", head("Auto: printer", Auto_Submitted="auto-replied (vacation)", X_Sieve="Pigeonhole Sieve 0.5.19")
     + WORDS, **NOTED, sender="", reason=DIESE)  # fmt: skip
case("vacation to the team, in the thread", head("Auto: x", Auto_Submitted="auto-replied", References="<{sent}>") + WORDS,
     "automatic", reason=DIESE)  # fmt: skip
case("vacation of procmail", head("Away", X_Loop="carla@client.example", Precedence="junk") + WORDS, **NOTED)
case(
    "vacation of cPanel", head("Away", X_Autorespond="printer", Precedence="auto_reply") + WORDS, **NOTED, reason=DIESE
)
case("vacation of Lotus", head("Carla Conti is out of the office", X_AutoReply_From="carla@client.example") + WORDS,
     **NOTED, reason=DIESE)  # fmt: skip
case("vacation of Novell", head("Away", X_POST_MessageClass="9; Autoresponder") + WORDS, **NOTED, reason=DIESE)
case("vacation with a subject alone", head("Abwesenheitsnotiz: Drucker", In_Reply_To="<{sent}>") + WORDS, **NOTED,
     reason=DIESE)  # fmt: skip
case("vacation in Japanese", head("=?utf-8?B?6Ieq5YuV5b+c562UOiDjg5fjg6rjg7Pjgr8=?=", In_Reply_To="<{sent}>") + WORDS,
     **NOTED, reason=DIESE)  # fmt: skip
case("another helpdesk's receipt", head("[Ticket 4711] received", sender="help@other.example",
     Auto_Submitted="auto-replied") + "\nWe got it.\n", "automatic", sender="help@other.example")  # fmt: skip
case("a monitor", head("Disk full", sender="root@server.example", Auto_Submitted="auto-generated") + "\n99 %\n", "automatic",
     sender="root@server.example", reason="A program wrote it.")  # fmt: skip
case("cron", head("Cron <root@server> backup", sender="root@server.example", X_Cron_Env="<SHELL=/bin/sh>",
     Auto_Submitted="auto-generated") + "\ndone\n", "automatic", sender="root@server.example")  # fmt: skip
case("said to be no machine", head("Hello", Auto_Submitted="no") + "\nI am a person.\n", "ticket")
case("Exchange that wants no vacation reply", head("Hello", X_Auto_Response_Suppress="DR, OOF, AutoReply") + "\nHello\n",
     "ticket", answered=False)  # fmt: skip
case("a receipt of Outlook", head("Read: Your ticket", Content_Type="multipart/report; report-type=disposition-notification;"
     ' boundary="r"') + """
--r
Content-Type: text/plain

Your message was read.
--r
Content-Type: message/disposition-notification

Final-Recipient: rfc822;carla@client.example
Disposition: automatic-action/MDN-sent-automatically; displayed
--r--
""", **NOTED, reason="It is a read receipt.")  # fmt: skip
case("a receipt of Thunderbird", head("Return Receipt (displayed)", References="<{sent}>",
     Content_Type="multipart/report; report-type=disposition-notification; boundary=r")
     + "\n--r\nContent-Type: text/plain\n\nRead.\n--r\nContent-Type: message/disposition-notification\n\n"
       "Reporting-UA: Thunderbird\nDisposition: manual-action/MDN-sent-manually;displayed\n--r--\n", **NOTED,
     reason="It is a read receipt.")  # fmt: skip
case("a report of abuse", head("FW: complaint", sender="fbl@isp.example", Content_Type="multipart/report; "
     "report-type=feedback-report; boundary=r") + "\n--r\nContent-Type: text/plain\n\nAbuse.\n--r\nContent-Type: "
     "message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\n--r\nContent-Type: message/rfc822\n\nSubject: x\n\nx\n--r--\n",
     "automatic", sender="fbl@isp.example", reason="It is a report of abuse.")  # fmt: skip
case("a newsletter", head("News!", sender="news@shop.example", List_Unsubscribe="<https://shop.example/u>",
     Precedence="bulk") + "\nBuy\n", "automatic", sender="b@shop.example", reason="It went to many recipients.")  # fmt: skip
case("a newsletter without precedence", head("News!", sender="news2@shop.example", List_ID="<news.shop.example>",
     List_Unsubscribe="<mailto:u@shop.example>", Feedback_ID="1:2:mailchimp") + "\nBuy\n", "automatic")  # fmt: skip
case("a mail through Mailman", head("[users] Broken", sender="una@list.example", List_Id="users <users.list.example>",
     List_Post="<mailto:users@list.example>", List_Unsubscribe="<https://list.example>", Precedence="list",
     Errors_To="users-bounces@list.example") + "\nIt is broken.\n", "ticket", author="una@list.example",
     answered=False)  # fmt: skip
case("a mail through a Google group", head("Help", sender="gabi@client.example", List_ID="<support.acme.example>",
     List_Post="<https://groups.google.com/a/acme>", Mailing_list="list support@acme.example",
     List_Unsubscribe="<mailto:googlegroups-manage@acme>", Precedence="list") + "\nHelp me.\n", "ticket",
     author="gabi@client.example", answered=False)  # fmt: skip
case("a mail through Sympa", head("Broken", sender="sympathisant@list.example", List_Id="<u.list.example>",
     List_Post="<mailto:u@list.example>", Precedence="bulk") + "\nBroken\n", "ticket", answered=False)  # fmt: skip
case("our own mail comes back", "From: support@desk.example\nTo: support@desk.example\nSubject: x\nMessage-ID: <{sent}>\n\nx",
     "automatic", reason="It comes from one of our own addresses.")  # fmt: skip
case("from our own address, forged", head("x", sender="Support <support@desk.example>") + "\nx", "automatic",
     sender="eve@evil.example", reason="It comes from one of our own addresses.")  # fmt: skip
case("an empty sender with nothing of a bounce", head("Notification", sender="system@server.example") + "\nHello\n",
     "automatic", sender="")  # fmt: skip

RETURNED = """--b
Content-Type: message/rfc822

From: Support <support@desk.example>
To: carla@client.example
Subject: Ticket received
Message-ID: <{sent}>

We got it.
--b--
"""


def bounce(name, status, returned=RETURNED, says="It could not be delivered.", **expected):
    more = {"sender": "Mail Delivery System <MAILER-DAEMON@mx.example>", "Auto_Submitted": "auto-replied"}
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    case(f"bounce of {name}", head("Undelivered Mail Returned to Sender", Content_Type=kind, **more)
         + f"\n--b\nContent-Type: text/plain; charset=us-ascii\n\n{says}\n--b\nContent-Type: message/delivery-status\n\n"
           f"{status.strip()}\n{returned}", "bounce", sender="", **expected)  # fmt: skip


def status(recipient="carla@client.example", action="failed", code="5.1.1", said="smtp; 550 5.1.1 No such user"):
    return (f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {recipient}\nAction: {action}\n"
            f"Status: {code}\nDiagnostic-Code: {said}\n")  # fmt: skip


BROUGHT_BACK = {"reason": "The mail came back: 5.1.1 smtp; 550 5.1.1 No such user", "noted": {"bounced": True}}
bounce("Postfix", status(), **BROUGHT_BACK)
bounce("Exim", status(said="smtp; 550 5.1.1 No such user"), **BROUGHT_BACK)
bounce(
    "Exchange", "Reporting-MTA: dns;EX01\nReceived-From-MTA: dns;x\n\n" + status().split("\n\n", 1)[1], **BROUGHT_BACK
)
bounce("Sendmail, headers alone", status(), RETURNED.replace("message/rfc822", "text/rfc822-headers"), **BROUGHT_BACK)
bounce("a mail in quarantine for being large", status(code="5.3.4", said="smtp; 552 too large"),
       noted={"bounced": True})  # fmt: skip
bounce("an original recipient", "Reporting-MTA: dns; x\n\nOriginal-Recipient: rfc822;carla@client.example\n"
       "Final-Recipient: rfc822; carla@forwarded.example\nAction: failed\nStatus: 5.2.1\n", noted={"bounced": True})  # fmt: skip
bounce("a delay", status(action="delayed", code="4.4.1", said="smtp; 451 later"), noted={"bounced": False},
       reason="The mail is delayed, and still under way: 4.4.1 smtp; 451 later")  # fmt: skip
bounce("a delivery that worked", status(action="relayed", code="2.0.0", said="smtp; 250 OK"), noted={"bounced": False})
bounce("somebody else's mail", status(), RETURNED.replace("{sent}", "x@elsewhere.example"),
       reason="It speaks of no mail of ours.", noted={"bounced": False})  # fmt: skip
bounce("another recipient, forged", status(recipient="boss@client.example"), reason="It speaks of no mail of ours.",
       noted={"bounced": False})  # fmt: skip
bounce("a server that says little", "Reporting-MTA: dns; x\n", noted={"bounced": True})
case("bounce of qmail", head("failure notice", sender="MAILER-DAEMON@mx.example") + """
Hi. This is the qmail-send program at mx.example. I'm afraid I wasn't able to deliver your message to the following
addresses. This is a permanent error.

<carla@client.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Return-Path: <support@desk.example>
Message-ID: <{sent}>
Subject: Ticket received
""", "bounce", sender="", noted={"bounced": True})  # fmt: skip
case("bounce of Gmail", head("Delivery Status Notification (Failure)", sender="mailer-daemon@googlemail.com",
     Auto_Submitted="auto-replied", X_Failed_Recipients="carla@client.example",
     Content_Type='multipart/report; boundary="b"; report-type=delivery-status')
     + '\n--b\nContent-Type: multipart/related; boundary="c"\n\n--c\nContent-Type: text/html\n\n<p>Address not found</p>\n'
       "--c--\n--b\nContent-Type: message/delivery-status\n\n" + status() + RETURNED, "bounce", sender="",
     noted={"bounced": True})  # fmt: skip
