"""The processes of Payflow. They never import each other: they meet only through topics, tables and HTTP."""
