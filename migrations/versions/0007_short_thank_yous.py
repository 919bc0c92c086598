"""short thank-yous, which need no answer"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade():
    op.add_column("messages", sa.Column("thanks", sa.Boolean(), nullable=False, server_default=sa.false()))
    thanks = sa.text("thanks")
    op.create_index("ix_messages_thanks", "messages", ["at"], sqlite_where=thanks, postgresql_where=thanks)


def downgrade():
    op.drop_index("ix_messages_thanks", table_name="messages")
    op.drop_column("messages", "thanks")
