"""what a merge remembers for its undo, and which conversations go on where"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade():
    op.create_table(
        "mergings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("stage_id", sa.Integer(), nullable=True),
        sa.Column("stage_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rank", sa.Double(), nullable=True),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["contacts.id"], name=op.f("fk_mergings_by_id")),
        sa.ForeignKeyConstraint(["stage_id"], ["stages.id"], name=op.f("fk_mergings_stage_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_mergings_ticket_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mergings")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_mergings_ticket_id")),
    )
    op.create_index(op.f("ix_mergings_by_id"), "mergings", ["by_id"])
    op.create_table(
        "merging_tags",
        sa.Column("merging_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merging_id"], ["mergings.id"], name=op.f("fk_merging_tags_merging_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_merging_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("merging_id", "tag_id", name=op.f("pk_merging_tags")),
    )
    op.create_index(op.f("ix_merging_tags_tag_id"), "merging_tags", ["tag_id"])
    op.create_table(
        "merged_paths",
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("into_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["into_id"], ["tickets.id"], name=op.f("fk_merged_paths_into_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_merged_paths_ticket_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("ticket_id", "into_id", name=op.f("pk_merged_paths")),
    )
    op.create_index(op.f("ix_merged_paths_into_id"), "merged_paths", ["into_id"])
    with op.batch_alter_table("messages") as batch_op:
        batch_op.add_column(sa.Column("moved_from_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_messages_moved_from_id"), "tickets", ["moved_from_id"], ["id"])
        batch_op.create_index(op.f("ix_messages_moved_from_id"), ["moved_from_id"])


def downgrade():
    with op.batch_alter_table("messages") as batch_op:
        batch_op.drop_index(op.f("ix_messages_moved_from_id"))
        batch_op.drop_constraint(op.f("fk_messages_moved_from_id"), type_="foreignkey")
        batch_op.drop_column("moved_from_id")
    op.drop_table("merged_paths")
    op.drop_table("merging_tags")
    op.drop_table("mergings")
