"""What to do about trouble that may pass by itself: wait, if Hearsay comes again anyway, else ask again."""

from models.wording import Wording


def passing(problem: Wording) -> Wording:
    """The reason why a feed that is polled could not be read this time; ``problem`` is a sentence without its end."""
    return Wording("{problem}; Hearsay will try again later.", {"problem": problem})


def asked_once(reason: Wording) -> Wording:
    """The same reason for a person who only asked for an address: Hearsay does not come again by itself."""
    problem = reason.values.get("problem")
    if isinstance(problem, Wording) and reason == passing(problem):
        return Wording("{problem}; try again later.", {"problem": problem})
    return reason
