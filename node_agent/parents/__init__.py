"""Parents (一件事, 多地联办; states.md 8) at the agents: draft, one sealing, receipt; then notice, choice, exit.

What is the law's matter (which lines a part gets, what a bond says) is asked of ``hub.casework.parents``; here lie the
draft, the queueing and what people see.
"""
