"""pairs of tickets that may be the same request, and which tickets were compared"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade():
    op.create_table(
        "lookalikes",
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_lookalikes_in_order")),
        sa.ForeignKeyConstraint(["dismissed_by_id"], ["contacts.id"], name=op.f("fk_lookalikes_dismissed_by_id")),
        sa.ForeignKeyConstraint(["first_id"], ["tickets.id"], name=op.f("fk_lookalikes_first_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["second_id"], ["tickets.id"], name=op.f("fk_lookalikes_second_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("first_id", "second_id", name=op.f("pk_lookalikes")),
    )
    op.create_index(op.f("ix_lookalikes_dismissed_by_id"), "lookalikes", ["dismissed_by_id"])
    op.create_index(op.f("ix_lookalikes_second_id"), "lookalikes", ["second_id"])
    op.add_column("tickets", sa.Column("compared_at", sa.DateTime(timezone=True), nullable=True))
    missing = sa.text("compared_at IS NULL")
    op.create_index(
        "ix_tickets_not_compared", "tickets", ["created_at"], sqlite_where=missing, postgresql_where=missing
    )


def downgrade():
    op.drop_index("ix_tickets_not_compared", table_name="tickets")
    op.drop_column("tickets", "compared_at")
    for name in ("second_id", "dismissed_by_id"):
        op.drop_index(op.f(f"ix_lookalikes_{name}"), table_name="lookalikes")
    op.drop_table("lookalikes")
