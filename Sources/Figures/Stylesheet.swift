/// Colours and letters of the pictures, as custom properties that follow the reader's light or dark mode.
///
/// Series: the eight colours of Okabe and Ito (2008), which colour-blind readers tell apart, darkened or lightened to
/// stand off the ground; marks and dashes say the same. Shades: one hue, from near the ground to far from it.
package enum Stylesheet {
    static let seriesCount = 7
    static let shadeCount = 8

    private static let light: KeyValuePairs = [
        "ground": "#ffffff", "ink": "#1b1f24", "muted": "#59636e", "grid": "#e3e7eb", "edge": "#8c959f",
        "series0": "#0067a5", "series1": "#c44e00", "series2": "#00795a", "series3": "#a8407f",
        "series4": "#8a6500", "series5": "#2f86b8", "series6": "#4b4f54",
        "shade0": "#dbe7f3", "shade1": "#bcd3ea", "shade2": "#97bbdd", "shade3": "#6fa0cd", "shade4": "#4a84ba",
        "shade5": "#2f68a1", "shade6": "#1d4c80", "shade7": "#0d2f57",
    ]

    private static let dark: KeyValuePairs = [
        "ground": "#14181d", "ink": "#e6eaef", "muted": "#9aa5b1", "grid": "#2b323a", "edge": "#66707b",
        "series0": "#5aaee8", "series1": "#f2884a", "series2": "#35c79b", "series3": "#e596c5",
        "series4": "#e3bd4f", "series5": "#9fd4f2", "series6": "#b9c0c8",
        "shade0": "#1d3047", "shade1": "#24456b", "shade2": "#2d5c8f", "shade3": "#3d76b0", "shade4": "#5a93ca",
        "shade5": "#82b1de", "shade6": "#afcfee", "shade7": "#dcebfb",
    ]

    /// The properties under `selector`, for light and dark.
    package static func properties(of selector: String) -> String {
        func block(_ colours: KeyValuePairs<String, String>) -> String {
            colours.map { "--\($0.key):\($0.value)" }.joined(separator: ";")
        }
        return """
            \(selector){\(block(light))}
            @media (prefers-color-scheme:dark){\(selector){\(block(dark))}}
            @media print{\(selector){\(block(light))}}

            """
    }

    /// The rules of the pictures.
    package static let figures: String = {
        var rules = """
            .ntk-figure{font-family:Helvetica,Arial,"Liberation Sans",sans-serif;font-size:12px;\
            font-variant-numeric:tabular-nums}
            .ntk-figure .ground{fill:var(--ground)}
            .ntk-figure text{fill:var(--ink)}
            .ntk-figure .muted{fill:var(--muted)}
            .ntk-figure .title{font-size:14px;font-weight:bold}
            .ntk-figure .panel{font-size:12px;font-weight:bold}
            .ntk-figure .small{font-size:11px}
            .ntk-figure .grid{stroke:var(--grid);stroke-width:1}
            .ntk-figure .edge{stroke:var(--edge);stroke-width:1;fill:none}
            .ntk-figure .reference{stroke:var(--muted);stroke-width:1;stroke-dasharray:2 3;fill:none}
            .ntk-figure .line{fill:none;stroke-width:1.8;stroke-linejoin:round}
            .ntk-figure .dashed{stroke-dasharray:6 4}
            .ntk-figure .bullet{stroke:var(--ink);stroke-width:.7}
            .ntk-figure image{image-rendering:pixelated}

            """
        for index in 0..<seriesCount {
            rules += ".ntk-figure .s\(index){stroke:var(--series\(index))}"
            rules += ".ntk-figure .f\(index){fill:var(--series\(index));stroke:var(--series\(index))}\n"
        }
        for index in 0..<shadeCount { rules += ".ntk-figure .shade\(index){fill:var(--shade\(index))}\n" }
        rules += ".ntk-figure .band{fill-opacity:.18;stroke:none}\n.ntk-figure .arc{fill:none}\n"
        // Numbers on shades that are far from the ground.
        return rules + ".ntk-figure text.reversed{fill:var(--ground)}\n"
    }()
}
