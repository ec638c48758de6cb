import Foundation
import Testing

/// `ntk report`, and the report that a run ends with.
@Suite struct ReportTests {
    private static let sections = """
        question: What is < robust?
        inference: {diag_reg: 1e-3, time: [10, inf]}
        attacks: [{name: fgsm, eps: [0.05, 0.1], clip: none}]
        features: {count: 10, eps: 0.1, clip: none, images: 3}
        save: [adversarial]
        """

    private static let figures = [
        "adversarial-examples", "feature-gradients", "perturbation-parts", "robust-accuracy", "spectrum",
        "training-time", "truncation-fgsm", "usefulness-robustness-fgsm",
    ]

    @Test func everyRunEndsWithItsReport() throws {
        let run = try SmallRun(classes: 2, sections: Self.sections)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let page = try run.text("report.html")
        #expect(page.contains("<h1>What is &lt; robust?</h1>"))
        for figure in Self.figures {
            #expect(page.contains("<figure id=\"\(figure)\">"), "\(figure)")
            #expect(try run.text("figures/\(figure).svg").hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
            #expect(try run.json("figures/\(figure).vl.json")["data"] != nil)
        }
        let seconds = try #require(try run.json("manifest.json")["seconds"] as? [String: Any])
        #expect(seconds["report"] != nil)

        // From the folder alone, moved elsewhere and without the data, the same page.
        let fresh = run.folder("moved")
        try FileManager.default.moveItem(atPath: run.folder("run"), toPath: fresh)
        try FileManager.default.removeItem(atPath: run.folder("test_inputs.npy"))
        try FileManager.default.removeItem(atPath: fresh + "/report.html")
        try FileManager.default.removeItem(atPath: fresh + "/figures")
        let again = try run.program("report", "moved")
        #expect(again.code == 0 && again.output == "moved/report.html\n", "\(again.error)")
        #expect(try String(contentsOfFile: fresh + "/report.html", encoding: .utf8) == page)
    }

    @Test func foldersThatAreNone() throws {
        let run = try SmallRun()
        let absent = try run.program("report", "nowhere")
        #expect(absent.code == 64)
        #expect(absent.error == "ntk: 'nowhere' is no run folder: it holds no config.yaml\n")
        #expect(try run.program("report", "small.yaml").code == 64)
        let nothing = try run.program("report")
        #expect(nothing.code == 64)
        #expect(nothing.error == "ntk: missing expected argument '<runs> ...'; usage: ntk report <runs> ...\n")
    }

    @Test func damagedFolders() throws {
        let run = try SmallRun(sections: Self.sections)
        #expect(try run().code == 0)
        let eigenvalues = try run.folder.read("run/arrays/eigenvalues.npy")
        try run.folder.write(Array(eigenvalues.dropLast(8)), to: "run/arrays/eigenvalues.npy")
        let cut = try run.program("report", "run")
        #expect(cut.code == 74)
        #expect(cut.complaints.count == 1 && cut.error.contains("run/arrays/eigenvalues.npy"))
        try run.folder.write(eigenvalues, to: "run/arrays/eigenvalues.npy")
        let records = try run.folder.read("run/metrics.jsonl")
        try run.folder.write(Array("{\n".utf8), to: "run/metrics.jsonl")
        let damaged = try run.program("report", "run")
        #expect(damaged.code == 74)
        #expect(damaged.error == "ntk: 'run/metrics.jsonl' is damaged at line 1\n")
        try run.folder.write(records, to: "run/metrics.jsonl")
        try run.folder.write(Array("[".utf8), to: "run/manifest.json")
        let manifest = try run.program("report", "run")
        #expect(manifest.code == 74)
        #expect(manifest.error == "ntk: 'run/manifest.json' is damaged; remove the folder or restore the file\n")
    }
}
