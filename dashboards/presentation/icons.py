"""The icons that pages use, by their names in Lucide; `make icons` makes a sprite of them."""

ICONS = (
    *("activity", "arrow-left", "arrow-right", "building-2", "calendar", "check"),
    *("chevron-down", "chevron-right", "circle-alert", "circle-check", "circle-user", "clock"),
    *(
        "contrast",
        "copy",
        "cpu",
        "download",
        "ellipsis",
        "eye-off",
        "gauge",
        "history",
        "house",
        "inbox",
    ),
    *("keyboard", "layout-dashboard", "layout-grid", "list-checks", "log-out", "map-pin"),
    *("maximize", "menu", "monitor", "moon", "pause", "pencil", "play", "plug", "plus"),
    *("rows-3", "scan-search", "search", "settings", "sliders-horizontal", "sun", "table"),
    *("tag", "trash-2", "triangle-alert", "undo-2", "redo-2", "upload", "waypoints", "wrench", "x"),
    *("zoom-in", "zoom-out"),
)
