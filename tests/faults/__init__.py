"""Real processes, real faults: the whole product under kills, freezes and cut links, then judged by the checker."""
