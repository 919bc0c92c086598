"""incoming mail"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

STATES = "('received', 'ticket', 'reply', 'bounce', 'automatic', 'parked', 'quarantined', 'discarded')"
REFERENCES = (("team_id", "teams"), ("ticket_id", "tickets"), ("message_id", "messages"), ("delivery_id", "deliveries"))


def moment(name, nullable=False):
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade():
    op.create_table(
        "incoming_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("via", sa.String(10), nullable=False),
        sa.Column("sender", sa.String(320), nullable=True),
        sa.Column("recipient", sa.String(320), nullable=True),
        moment("received_at"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        moment("due_at"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        moment("handled_at", nullable=True),
        sa.Column("released", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("author", sa.String(320), nullable=False, server_default=""),
        sa.Column("subject", sa.String(250), nullable=False, server_default=""),
        sa.Column("mail_id", sa.String(250), nullable=True),
        sa.Column("copies", sa.Text(), nullable=False, server_default=""),
        sa.Column("verified", sa.Boolean(), nullable=True),
        sa.Column("answered", sa.Boolean(), nullable=False, server_default=sa.false()),
        *(sa.Column(name, sa.Integer(), nullable=True) for name, _ in REFERENCES),
        *(
            sa.ForeignKeyConstraint([name], [f"{table}.id"], name=f"fk_incoming_mails_{name}", ondelete="SET NULL")
            for name, table in REFERENCES
        ),
        sa.CheckConstraint(f"state in {STATES}", name=op.f("ck_incoming_mails_state")),
        sa.CheckConstraint("via in ('lmtp', 'smtp', 'imap', 'pipe', 'copy')", name=op.f("ck_incoming_mails_via")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming_mails")),
        sa.UniqueConstraint("key", name=op.f("uq_incoming_mails_key")),
    )
    received = sa.text("state = 'received'")
    op.create_index(
        "ix_incoming_mails_due", "incoming_mails", ["due_at", "id"], sqlite_where=received, postgresql_where=received
    )
    op.create_index("ix_incoming_mails_newest", "incoming_mails", ["state", "id"])
    op.create_index("ix_incoming_mails_author", "incoming_mails", ["author", "received_at"])
    for name in ("handled_at", "mail_id", *(name for name, _ in REFERENCES)):
        op.create_index(op.f(f"ix_incoming_mails_{name}"), "incoming_mails", [name])
    op.create_table(
        "team_addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_team_addresses_team_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_addresses")),
        sa.UniqueConstraint("address", name=op.f("uq_team_addresses_address")),
    )
    op.create_index(op.f("ix_team_addresses_team_id"), "team_addresses", ["team_id"])
    op.create_table(
        "address_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("mail_id", sa.String(250), nullable=False),
        moment("sent_at"),
        moment("arrived_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_checks")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_address_checks_mail_id")),
    )
    op.create_index(op.f("ix_address_checks_address"), "address_checks", ["address"])
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_deliveries_bounced_at"), "deliveries", ["bounced_at"])


def downgrade():
    op.drop_index(op.f("ix_deliveries_bounced_at"), "deliveries")
    with op.batch_alter_table("deliveries") as table:
        table.drop_column("bounced_at")
    op.drop_table("address_checks")
    op.drop_table("team_addresses")
    op.drop_table("incoming_mails")
