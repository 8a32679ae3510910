"""The exercises of the chapter's notebook, and the answers that their checks give."""

from normlab.lab.chapter.lesson.answering import check_answer

__all__ = ["check_answer"]
