"""What the commands of several groups share: options, tables, forms, how a refusal is shown."""
