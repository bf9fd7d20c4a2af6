"""What the team does to pilots. Each act is one transaction with its event; nothing is raised after the commit."""
