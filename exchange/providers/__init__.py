"""Who answers an inquiry: an agency whose copies lie with us (`hosted`), or one that answers from its own system."""
