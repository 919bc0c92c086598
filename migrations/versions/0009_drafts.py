"""drafts, with their files"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade():
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_drafts_ticket_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("ticket_id", "user_id", "internal", name=op.f("uq_drafts_ticket_id_user_id_internal")),
    )
    op.create_index(op.f("ix_drafts_user_id"), "drafts", ["user_id"])
    with op.batch_alter_table("attachments") as attachments:
        attachments.add_column(sa.Column("draft_id", sa.Integer(), nullable=True))
        attachments.create_foreign_key(
            op.f("fk_attachments_draft_id"), "drafts", ["draft_id"], ["id"], ondelete="SET NULL"
        )
        attachments.create_index(op.f("ix_attachments_draft_id"), ["draft_id"])


def downgrade():
    with op.batch_alter_table("attachments") as attachments:
        attachments.drop_index(op.f("ix_attachments_draft_id"))
        attachments.drop_constraint(op.f("fk_attachments_draft_id"), type_="foreignkey")
        attachments.drop_column("draft_id")
    op.drop_table("drafts")
