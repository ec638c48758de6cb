import Compute
import Foundation
import Storage
import StorageTestSupport
import Testing

@testable import Experiments
@testable import Figures

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reports of run folders that are written here, record by record.
@Suite struct ReportTests {
    private let parent: TemporaryFolder
    private let folder: RunFolder

    private static let yaml = """
        question: Is 1 < 2 & "3" > 2</title><script>alert(1)</script>?
        data: {name: cifar10, classes: [airplane, automobile], train: 40, test: 20}
        model: {preset: fc, depth: 1}
        inference: {diag_reg: [0, 0.01], time: [10, inf]}
        attacks: [{name: fgsm, eps: [2/255, 8/255]}]
        features: {count: 8, criterion: both, architectures: [{preset: conv, depth: 1}]}
        """

    init() throws {
        parent = try TemporaryFolder()
        folder = try RunFolder(Configuration.parse(Self.yaml), at: parent("run"), data: ["a&b.bin": "00ff"]) {
            try AtomicFile.write(Array($0), to: $1)
        }
    }

    private func text(_ name: String) throws -> String {
        String(decoding: try parent.read("run/" + name), as: UTF8.self)
    }

    private var figures: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: parent("run/figures"))) ?? []).sorted()
    }

    private func draw() throws { try Report(folder).write() }

    private static func attacked(_ time: PlainValue, _ ridge: Double, _ eps: Double, _ robust: Double) -> ResultRecord {
        ResultRecord([
            "attack": .text("fgsm"), "norm": .text("linf"), "eps": .number(eps), "time": time,
            "diag_reg": .number(ridge), "count": .integer(20), "clean_accuracy": .number(0.85),
            "robust_accuracy": .number(robust), "mean_loss": .number(0.5671),
        ])
    }

    private static let attacks = [0.0, 0.01].flatMap { ridge in
        [PlainValue.number(10), .text("inf")].flatMap { time in
            [attacked(time, ridge, 2.0 / 255, 0.6), attacked(time, ridge, 8.0 / 255, 0.15)]
        }
    }

    private static func feature(_ net: String, _ index: Int) -> ResultRecord {
        ResultRecord([
            "kind": .text("feature"), "architecture": .text(net), "feature": .integer(index),
            "eigenvalue": .number(100 / Double(index + 1)), "count": .integer(20),
            "clean_accuracy": .number(0.7 - 0.02 * Double(index)), "clean_correlation": .number(0.3),
            "attack": .text("fgsm"), "norm": .text("linf"), "eps": .number(8.0 / 255),
            "robust_accuracy": .number(0.4 - 0.05 * Double(index)), "robust_correlation": .number(-0.1),
            "is_useful": .boolean(index < 7), "is_robust": .boolean(index == 0),
        ])
    }

    private static func machine(_ net: String, _ name: String, _ count: Int) -> ResultRecord {
        ResultRecord([
            "kind": .text("machine"), "architecture": .text(net), "machine": .text(name), "features": .integer(count),
            "count": .integer(20), "clean_accuracy": .number(0.75), "attack": .text("fgsm"), "norm": .text("linf"),
            "eps": .number(8.0 / 255), "robust_accuracy": .number(0.35),
        ])
    }

    private static let nets = ["fc-1", "conv-1"]

    private static let features: [ResultRecord] =
        nets.flatMap { net in (0..<8).map { feature(net, $0) } }
        + nets.flatMap { net in [1, 2, 8].map { machine(net, "top", $0) } + [machine(net, "full", 40)] }
        + nets.map { net in
            ResultRecord([
                "kind": .text("features-summary"), "architecture": .text(net),
                "suffix": .text(net == "fc-1" ? "" : "_conv-1"), "points": .integer(40), "count": .integer(20),
                "useful_above": .number(0.55), "robust_above": .number(0.5), "attack": .text("fgsm"),
                "eps": .number(8.0 / 255), "useful_non_robust": .integer(6), "rank_correlation_robust": .number(0.8765),
            ])
        } + [
            ResultRecord([
                "kind": .text("similarity"), "architecture": .text("fc-1"), "other": .text("conv-1"),
                "feature": .integer(0), "images": .integer(2), "mean_cosine": .number(0.625),
                "mean_absolute_cosine": .number(0.75),
            ])
        ]

    /// Arrays of 8 features at 2 images of [2, 2, 3].
    private func writeArrays() throws {
        func write(_ name: String, _ shape: [Int]) throws {
            let elements = (0..<shape.reduce(1, *)).map { Float(sin(Double($0))) / 2 + 0.5 }
            try NPY.write(Tensor(shape: shape, elements: elements), to: folder.array(name))
        }
        try write("feature_images", [2, 2, 2, 3])
        try write("loss_gradients", [2, 2, 2, 3])
        try write("loss_gradient_parts", [8, 2, 2, 2, 3])
        try write("adversarial_steps", [2, 2, 2, 3])
        for suffix in ["", "_conv-1"] {
            try write("feature_gradients" + suffix, [8, 2, 2, 2, 3])
            try NPY.write(
                Tensor(shape: [8], elements: (0..<8).map { Int32($0) }), to: folder.array("feature_indices" + suffix))
            let eigenvalues = Tensor(shape: [40], elements: (0..<40).map { 100 / Double($0 + 1) })
            try NPY.write(eigenvalues, to: folder.array("eigenvalues" + suffix))
        }
        for name in ["test_inputs", "adversarial_fgsm_linf_eps1_reg0_tinf"] { try write(name, [20, 2, 2, 3]) }
        try write("adversarial_predictions_fgsm_linf_eps1_reg0_tinf", [20, 1])
    }

    @Test func figuresOfWhatThereIs() throws {
        try folder.write(Self.attacks + Self.features)
        try writeArrays()
        try draw()
        let charts = [
            "ridge", "robust-accuracy", "similarity", "spectrum", "training-time", "truncation-fgsm",
            "usefulness-robustness-fgsm", "usefulness-robustness-fgsm-correlation",
        ]
        let panels = ["adversarial-examples", "feature-gradients", "non-robust-features", "perturbation-parts"]
        let files = (charts + panels).flatMap { [$0 + ".svg", $0 + ".vl.json"] } + panels.map { $0 + ".png" }
        #expect(figures == files.sorted())
        for name in panels {
            #expect(PixelImage(png: Data(try parent.read("run/figures/\(name).png"))) != nil, "\(name)")
        }
        let page = try text("report.html")
        for name in charts + panels { #expect(page.contains("<figure id=\"\(name)\">"), "\(name)") }
    }

    @Test func pageHoldsTheNumbersAndNothingFromOutside() throws {
        try folder.write(Self.attacks + Self.features)
        try writeArrays()
        var manifest = try folder.manifest()
        manifest.version = "9.8.7"
        manifest.devices = [.init(backend: "cpu", index: 3, name: "A <fast> one", driver: "D&D")]
        manifest.seconds = ["kernel": 4321.5, "report": 9876.25]
        manifest.points = ["train": 40, "test": 20]
        manifest.peakMemory = 7 << 30
        manifest.repairs = ["jitter of 1e-9 was added"]
        try folder.write(manifest)
        try Data("{\"level\":\"warning\",\"message\":\"gradients are zero\"}\n{\"level\":\"info\"".utf8)
            .write(to: URL(fileURLWithPath: parent("run/log.jsonl")))
        try draw()
        let page = try text("report.html")
        #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
        // Valid as XML as well, so that every text is escaped.
        #expect(XMLParser(data: Data(page.dropFirst("<!DOCTYPE html>\n".count).utf8)).parse())
        #expect(
            page.contains("<h1>Is 1 &lt; 2 &amp; \"3\" &gt; 2&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;?</h1>")
        )
        for outside in ["<script", "http:", "https:", "@import", "url(", "<iframe", "<link", "javascript:", "onload"] {
            #expect(!page.contains(outside), "\(outside)")
        }
        for part in [
            "<td>85.0 ± 8.0 %</td><td>15.0 ± 8.0 %</td>", "<td>0.567</td>", "<td>0.876</td>",
            "A &lt;fast&gt; one, cpu 3, D&amp;D",
            "9.8.7", "a&amp;b.bin: 00ff", "40 training, 20 test", "jitter of 1e-9 was added",
            "gradients are zero",
            "prefers-color-scheme:dark", "0.625",
            "n = 40 training points", "airplane, automobile", "<details>", "preset: fc",
            "float32 on A &lt;fast&gt; one (cpu)",
        ] { #expect(page.contains(part), "\(part)") }
        // Seconds and memory differ from run to run.
        for other in ["4321", "4322", "9876", "7 GiB", "7516192768"] { #expect(!page.contains(other), "\(other)") }
    }

    @Test func dataBesideAFigureAreTheRecords() throws {
        try folder.write(Self.attacks + Self.features)
        try draw()
        func rows(_ name: String) throws -> [[String: Any]] {
            let object = try JSONSerialization.jsonObject(with: Data(try parent.read("run/figures/\(name).vl.json")))
            let data = (object as? [String: Any])?["data"] as? [String: Any]
            return try #require(data?["values"] as? [[String: Any]])
        }
        let bullets = try rows("usefulness-robustness-fgsm")
        #expect(bullets.count == 16)
        for (row, record) in zip(bullets, Self.features) {
            #expect(row["panel"] as? String == record.text("architecture"))
            let clean = (row["x"] as? Double, record.number("clean_accuracy"))
            #expect(abs(try #require(clean.0) - 100 * #require(clean.1)) < 1e-13)
            let (found, share) = (row["y"] as? Double, record.number("robust_accuracy"))
            // A decimal of 17 digits, read back by whatever reads it.
            #expect(abs(try #require(found) - 100 * #require(share)) < 1e-13)
            #expect(row["magnitude"] as? Double == record.number("eigenvalue"))
        }
        // ε in 1/255, the clean accuracy at 0; of the first ridge, fully trained.
        let curve = try rows("robust-accuracy")
        #expect(curve.compactMap { $0["x"] as? Double } == [0, 2, 8])
        #expect(curve.compactMap { $0["y"] as? Double } == [85, 60, 15])
        let times = try rows("training-time")
        // Clean and at two radii.
        #expect(times.count == 6 && times.count { $0["x_text"] as? String == "inf" } == 3)
        #expect(try rows("ridge").compactMap { $0["x"] as? Double } == [0, 0.01, 0, 0.01, 0, 0.01])
    }

    @Test func linesThatHideOthersAreNamed() throws {
        let other = Self.attacks.map { record in
            ResultRecord(fields: record.fields.map { $0.key == "attack" ? .init("attack", .text("pgd")) : $0 })
        }
        try folder.write(Self.attacks + other)
        try draw()
        let page = try text("report.html")
        #expect(page.contains("training time ∞. PGD lies on FGSM. Bars"))
        #expect(page.contains("PGD, ε = 2/255 lies on FGSM, ε = 2/255. PGD, ε = 8/255 lies on FGSM, ε = 8/255. Bars"))
        try folder.write(Self.attacks)
        try draw()
        #expect(try !text("report.html").contains("lies on"))
    }

    @Test func aSingleMachineIsNoCurve() throws {
        try folder.write(Self.features.filter { $0.text("machine") != "top" })
        try draw()
        #expect(figures.contains("usefulness-robustness-fgsm.svg") && !figures.contains("truncation-fgsm.svg"))
    }

    @Test func drawnAgainItIsTheSame() throws {
        try folder.write(Self.attacks + Self.features)
        try writeArrays()
        try draw()
        let names = ["report.html"] + figures.map { "figures/" + $0 }
        let first = try names.map { try parent.read("run/" + $0) }
        try FileManager.default.removeItem(atPath: parent("run/figures"))
        try FileManager.default.removeItem(atPath: parent("run/report.html"))
        try Report(RunFolder(existing: parent("run"))).write()
        #expect(try names.map { try parent.read("run/" + $0) } == first)
    }

    @Test func foldersOfOtherVersions() throws {
        // No features, no key `points` in the manifest, and a kind of record that is not known here.
        try folder.write([
            ResultRecord(["time": .text("inf"), "count": .integer(20), "clean_accuracy": .number(0.9)]),
            ResultRecord(["kind": .text("tea"), "leaves": .integer(12)]),
        ])
        try draw()
        let page = try text("report.html")
        #expect(page.contains("90.0 ± 6.7 %") && page.contains("<td>12</td>") && figures.isEmpty)
        try folder.write([])
        try draw()
        #expect(try text("report.html").contains("This run has no results."))
    }

    @Test func unfinishedRunsSaySo() throws {
        try folder.write(RunStatus(.failed, stage: "kernel", message: "out of <memory>"))
        try draw()
        #expect(
            try text("report.html").contains(
                "This run is not complete: it is failed, at 'kernel': out of &lt;memory&gt;."))
    }

    @Test func damageIsNamed() throws {
        try folder.write(Self.attacks + Self.features)
        try writeArrays()
        let path = folder.array("feature_gradients")
        try Data(parent.read("run/arrays/feature_gradients.npy").dropLast(5)).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StorageError.self) { try draw() }
        #expect(error?.kind == .damaged && error?.description.contains("feature_gradients.npy") == true)
        // The page is the last file: none is there without its figures.
        #expect(!FileManager.default.fileExists(atPath: parent("run/report.html")))
        try Data("{\"attack\":\n".utf8).write(to: URL(fileURLWithPath: parent("run/metrics.jsonl")))
        #expect(throws: RunFolderError.self) { try draw() }
    }
}
