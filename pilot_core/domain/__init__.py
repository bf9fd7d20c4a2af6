"""The domain model: pilots, attempts, reviews, comments and messages, with the rules for changing them. No I/O."""
