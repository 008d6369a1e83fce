"""The deciding department: acceptance, review, decision, result, and its own line system."""
