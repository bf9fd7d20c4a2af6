# ruff: noqa
from pilot_core import (
    PilotStore,
    create_pilot,
    PilotRunbookBuilder,
    generate_founder_artifacts,
    generate_pilot_outcome_report,
)

# Initialize store
store = PilotStore("data/pilots")

# Create pilot
pilot = create_pilot(
    founder_name="Alice Chen",
    company_name="AcmeAI",
    scenario_type="feature_launch",
)

# Generate runbook
runbook = PilotRunbookBuilder(pilot).build("pilot_runbook.txt")

# Generate artifacts
artifacts = generate_founder_artifacts(pilot, "output/")

# Add an attempt
attempt = pilot.add_attempt(
    video_path="output/draft_v1.mp4",
    time_to_first_cut_seconds=45.0,
    sla_passed=True,
)

# Record feedback
pilot.record_feedback(
    attempt_number=1,
    feedback="Good start but hook is weak",
    level="major_changes",
)

# Save state
store.save(pilot)

# Generate outcome report
report = generate_pilot_outcome_report(pilot)
