"""The controller: pages that change something, and the operator's socket."""
