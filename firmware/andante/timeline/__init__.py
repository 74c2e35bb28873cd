"""When each cue falls: pure functions of the plan, without clock, thread or device."""
