import Figures

/// How the page looks: on a screen, light or dark, wide or narrow, and on paper.
enum ReportStyle {
    static let sheet =
        Stylesheet.properties(of: ":root") + Stylesheet.figures + """
            *{box-sizing:border-box}
            html{background:var(--ground);color:var(--ink);font:16px/1.5 Georgia,"Liberation Serif",serif;\
            -webkit-text-size-adjust:100%}
            body{margin:0}
            main{max-width:54rem;margin:0 auto;padding:2rem 1.25rem 4rem}
            h1,h2,h3,table,summary,dt,.lead,.notice{font-family:Helvetica,Arial,"Liberation Sans",sans-serif}
            h1{font-size:1.7rem;line-height:1.25;margin:0 0 .75rem}
            h2{font-size:1.2rem;margin:2.5rem 0 .75rem;padding-bottom:.25rem;border-bottom:1px solid var(--grid)}
            h3{font-size:1rem;margin:0 0 .5rem}
            a{color:var(--series0)}
            .lead{list-style:none;margin:0;padding:0;color:var(--muted);font-size:.9rem}
            .notice{border-left:3px solid var(--series1);margin:1rem 0;padding:.5rem 1rem;font-size:.9rem}
            ul.notice{padding-left:2rem}
            figure{margin:2rem 0 2.75rem}
            figure svg{display:block;max-width:100%;height:auto}
            .wide{overflow-x:auto}
            figcaption{font-size:.85rem;color:var(--muted);margin-top:.5rem;max-width:44rem}
            table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}
            caption{text-align:left;font-weight:bold;padding:.25rem 0 .5rem;white-space:nowrap}
            th,td{padding:.2rem .9rem .2rem 0;text-align:right;white-space:nowrap}
            th{border-bottom:1px solid var(--edge);font-weight:normal;color:var(--muted);vertical-align:bottom}
            td{border-bottom:1px solid var(--grid)}
            .t{text-align:left}
            .wide+.wide{margin-top:1.5rem}
            dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;font-size:.9rem}
            dt{color:var(--muted);grid-column:1}
            dd{margin:0;grid-column:2;overflow-wrap:anywhere}
            details{margin:1rem 0}
            summary{cursor:pointer;font-size:.9rem;padding:.25rem 0}
            pre{overflow-x:auto;font-size:.8rem;line-height:1.4;padding:.75rem 1rem;border:1px solid var(--grid);\
            border-radius:4px}
            @media (max-width:36rem){main{padding:1rem .9rem 3rem}h1{font-size:1.35rem}\
            caption{white-space:normal}dl{display:block}dd{margin-left:1rem}.natural svg{max-width:none}}
            @media print{main{max-width:none;padding:0}figure,table{break-inside:avoid}pre{white-space:pre-wrap}\
            .wide{overflow:visible}details::details-content{content-visibility:visible;block-size:auto}}

            """
}
