"""Access control: who a visitor is, what they may do, rate limits, and the checks on forms and routes."""
