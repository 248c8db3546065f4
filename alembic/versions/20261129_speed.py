"""Letters by the change they tell, and changes by what they take back: found without reading all of them."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_speed"
down_revision = "20261128_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_outbox_change_id", "outbox", ["change_id"])
    op.create_index("ix_change_undoes_id", "change", ["undoes_id"], sqlite_where=sa.text("undoes_id IS NOT NULL"))


def downgrade() -> None:
    op.drop_index("ix_change_undoes_id", "change")
    op.drop_index("ix_outbox_change_id", "outbox")
