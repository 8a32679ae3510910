"""The chapter's figures: functions of plain numpy arrays, so that they can be drawn anywhere."""
