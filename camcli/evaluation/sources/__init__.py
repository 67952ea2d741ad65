"""Where maps to evaluate come from: a method, or a folder that `camcli explain` wrote."""
