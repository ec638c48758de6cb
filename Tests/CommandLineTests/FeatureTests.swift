import Compute
import Foundation
import Storage
import TestSupport
import Testing

/// The section `features`: arrays, records, equations 9 and 10.
@Suite struct FeatureTests {
    private static let sections = """
        compute: {backend: cpu, precision: float64}
        inference: {diag_reg: 0}
        attacks: [{name: fgsm, eps: 0.1, clip: [0, 1]}]
        features: {count: 30, eps: [0.05, 0.1], attack: [fgsm, pgd], steps: 4, clip: [0, 1], images: 3, criterion: both}
        save: [predictions, gradients, features]
        """

    private func run(classes: Int, train: Int = 30, _ sections: String = sections) throws -> SmallRun {
        let run = try SmallRun(classes: classes, train: train, test: 8)
        let text = String(decoding: try run.folder.read("small.yaml"), as: UTF8.self)
        try run.write(text.replacing("compute: {backend: cpu}\n", with: "") + sections + "\n")
        return run
    }

    private func records(_ run: SmallRun, _ kind: String) throws -> [[String: Any]] {
        try run.text("metrics.jsonl").split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["kind"] as? String == kind }
    }

    @Test(arguments: [(2, 1), (3, 3)]) func arraysObeyTheEquations(classes: Int, k: Int) throws {
        let run = try run(classes: classes)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let shapes: [String: [Int]] = [
            "eigenvalues": [30], "feature_indices": [30], "feature_images": [3, 4, 4, 1], "feature_labels": [3],
            "feature_predictions": [30, 8, k], "feature_gradients": [30, 3, 4, 4, 1], "loss_gradients": [3, 4, 4, 1],
            "loss_gradient_parts": [30, 3, 4, 4, 1], "adversarial_steps": [3, 4, 4, 1],
        ]
        for (name, shape) in shapes { #expect(try run.shape(name) == shape, "\(name)") }
        // Eq. 9: the features add up to f_∞.
        let features = try run.numbers("feature_predictions")
        let whole = try run.numbers("predictions_tinf")
        let sum = whole.indices.map { place in (0..<30).reduce(0) { $0 + features[$1 * 8 * k + place] } }
        #expect(Distance.relative(sum, to: whole) < 1e-9)
        // Eq. 10: their shares add up to the gradient of the loss.
        let parts = try run.numbers("loss_gradient_parts")
        let gradient = try run.numbers("loss_gradients")
        let total = gradient.indices.map { place in (0..<30).reduce(0) { $0 + parts[$1 * 48 + place] } }
        #expect(Distance.relative(total, to: gradient) < 1e-9)
        guard k == 1 else { return }
        // α_i ∇L(f⁽ⁱ⁾, y) with ∇L(f, y) = −y σ(−y f) ∇f.
        let alphas = try run.numbers("feature_alphas")
        let slopes = try run.numbers("feature_gradients")
        for feature in 0..<30 {
            for image in 0..<3 {
                let y = image % 2 == 0 ? -1.0 : 1
                let slope = -y / (1 + exp(y * features[feature * 8 + image]))
                let found = (0..<16).map {
                    alphas[feature * 3 + image] * slope * slopes[(feature * 3 + image) * 16 + $0]
                }
                let start = (feature * 3 + image) * 16
                #expect(Distance.relative(found, to: Array(parts[start..<start + 16])) < 1e-12)
            }
        }
        // FGSM's step is the sign of the whole gradient, where the box leaves room.
        let steps = try run.numbers("adversarial_steps")
        let images = try run.numbers("feature_images")
        for place in steps.indices where images[place] > 0.06 && images[place] < 0.94 {
            #expect(abs(steps[place] - (gradient[place] > 0 ? 0.05 : -0.05)) < 1e-15)
        }
    }

    @Test(arguments: [2, 3]) func recordsSayWhatTheArraysSay(classes: Int) throws {
        let run = try run(classes: classes)
        #expect(try run().code == 0)
        let k = classes == 2 ? 1 : 3
        let features = try records(run, "feature")
        #expect(features.count == 30 * 2 * 2)
        #expect(features.allSatisfy { $0["architecture"] as? String == "fc-2" && $0["count"] as? Int == 8 })
        #expect(features.prefix(30).map { $0["feature"] as? Int } == (0..<30).map { $0 })
        #expect(
            features.map { $0["attack"] as? String }
                == ["fgsm", "fgsm", "pgd", "pgd"].flatMap { Array(repeating: $0, count: 30) })
        let predictions = try run.numbers("feature_predictions")
        for feature in 0..<30 {
            var (right, correlation) = (0, 0.0)
            for point in 0..<8 {
                let f = Array(predictions[(feature * 8 + point) * k..<(feature * 8 + point + 1) * k])
                let label = point % classes
                if k == 1 {
                    right += (f[0] >= 0) == (label == 1) ? 1 : 0
                    correlation += (label == 1 ? f[0] : -f[0]) / 8
                } else {
                    right += f.firstIndex(of: f.max() ?? 0) == label ? 1 : 0
                    correlation += (f[label] - (f.reduce(0, +) - f[label]) / 2) / 8
                }
            }
            #expect(features[feature]["clean_accuracy"] as? Double == Double(right) / 8)
            let found = try #require(features[feature]["clean_correlation"] as? Double)
            #expect(abs(found - correlation) < 1e-12)
        }
        // A larger radius of one step leaves no more correlation, and a feature alone resists no better than it predicts.
        for feature in 0..<30 {
            let clean = try #require(features[feature]["clean_correlation"] as? Double)
            let near = try #require(features[feature]["robust_correlation"] as? Double)
            #expect(near <= clean + 1e-12)
        }
        let machines = try records(run, "machine")
        let top = machines.filter { $0["machine"] as? String == "top" && $0["features"] as? Int == 30 }
        let whole = machines.filter { $0["machine"] as? String == "full" }
        #expect(top.count == 4 && whole.count == 4)
        // All features are the whole machine.
        for (a, b) in zip(top, whole) { #expect(a["robust_accuracy"] as? Double == b["robust_accuracy"] as? Double) }
        // The whole machine under FGSM is what the attack section says, at both halves of the points together.
        let attacks = try run.text("results.csv").split(separator: "\n").map { $0.split(separator: ",") }
        #expect(attacks.count == 2)
        let place = try #require(attacks[0].firstIndex(of: "robust_accuracy"))
        func right(_ prefix: String) throws -> Double {
            let (count, share) = (whole[1]["\(prefix)count"] as? Int, whole[1]["\(prefix)robust_accuracy"] as? Double)
            return try Double(#require(count)) * #require(share)
        }
        #expect(try Double(attacks[1][place]) == (right("") + right("choice_")) / 8)
        #expect(whole.allSatisfy { $0["count"] as? Int == (classes == 2 ? 4 : 5) })
        let summaries = try records(run, "features-summary")
        #expect(summaries.count == 4)
        for summary in summaries {
            #expect(summary["method"] as? String == "full" && summary["points"] as? Int == 30)
            let matching = features.filter {
                $0["attack"] as? String == summary["attack"] as? String
                    && $0["eps"] as? Double == summary["eps"] as? Double
            }
            let useful = matching.filter { $0["is_useful"] as? Bool == true }
            #expect(summary["useful"] as? Int == useful.count)
            #expect(summary["useful_non_robust"] as? Int == useful.count { $0["is_robust"] as? Bool == false })
        }
        for table in ["features.csv", "machines.csv", "features-summary.csv"] {
            #expect(try run.text(table).contains("\n"))
        }
    }

    /// What chooses machines never sees the labels that they are judged by.
    @Test func labelsOfTheJudgingHalfChooseNothing() throws {
        let run = try run(classes: 2)
        func choices() throws -> ([[String: Double]], [[String: Double]]) {
            #expect(try run().code == 0)
            let all = try records(run, "machine")
            return (
                all.map {
                    $0.compactMapValues { $0 as? Double }.filter {
                        $0.key != "clean_accuracy" && $0.key != "robust_accuracy"
                    }
                },
                all.map { $0.compactMapValues { $0 as? Double } }
            )
        }
        let first = try choices()
        #expect(first.0.contains { $0["choice_robust_accuracy"] != nil })
        // The classes of the judging points change places: points 0 and 4 of class 0, points 1 and 5 of class 1.
        try NPY.write(
            Tensor(shape: [8], elements: [1, 0, 0, 1, 1, 0, 0, 1] as [Int32]), to: run.folder("test_targets.npy"))
        try FileManager.default.removeItem(atPath: run.folder("run"))
        let second = try choices()
        #expect(second.0 == first.0)
        #expect(second.1 != first.1)
    }

    @Test func severalNets() throws {
        let run = try run(
            classes: 2,
            """
            compute: {backend: cpu}
            features:
              count: 4
              indices: [11, 2, 29]
              attack: none
              images: 2
              architectures: [{preset: conv, depth: 1}, {preset: fc, depth: 2, b_std: 0}]
            """)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        for suffix in ["", "_conv-1", "_fc-2.2"] {
            #expect(try run.shape("feature_gradients\(suffix)") == [6, 2, 4, 4, 1])
            #expect(try run.shape("eigenvalues\(suffix)") == [30])
            #expect(!run.arrays.contains("feature_predictions\(suffix)"))
        }
        let features = try records(run, "feature")
        #expect(features.count == 3 * 6 && features.allSatisfy { $0["attack"] == nil && $0["robust_accuracy"] == nil })
        #expect(features.prefix(6).map { $0["feature"] as? Int } == [0, 1, 2, 3, 11, 29])
        let similarities = try records(run, "similarity")
        #expect(similarities.count == 3 * 4)
        let a = try run.numbers("feature_gradients")
        let b = try run.numbers("feature_gradients_conv-1")
        var mean = 0.0
        for image in 0..<2 {
            let (x, y) = (a[image * 16..<(image + 1) * 16], b[image * 16..<(image + 1) * 16])
            func dot(_ x: ArraySlice<Double>, _ y: ArraySlice<Double>) -> Double {
                zip(x, y).reduce(0) { $0 + $1.0 * $1.1 }
            }
            mean += dot(x, y) / (dot(x, x) * dot(y, y)).squareRoot() / 2
        }
        let found = try #require(similarities[0]["mean_cosine"] as? Double)
        #expect(similarities[0]["architecture"] as? String == "fc-2" && similarities[0]["other"] as? String == "conv-1")
        #expect(abs(found - mean) < 1e-6)
        let summaries = try records(run, "features-summary")
        #expect(summaries.map { $0["architecture"] as? String } == ["fc-2", "conv-1", "fc-2.2", "all"])
        #expect(summaries.map { $0["suffix"] as? String } == ["", "_conv-1", "_fc-2.2", nil])
    }

    /// The search for the largest eigenvalues and the full decomposition give the same features.
    @Test func theLargestAlone() throws {
        let base = """
            compute: {backend: cpu, precision: float64}
            features: {count: 12, eps: 0.05, clip: [0, 1], images: 1}
            save: [features]
            """
        let run = try run(classes: 2, train: 1600, base)
        #expect(try run().code == 0)
        let some = (try run.numbers("eigenvalues"), try run.numbers("feature_predictions"), try records(run, "feature"))
        #expect(some.0.count == 12)
        #expect(try records(run, "features-summary")[0]["method"] as? String == "top")
        let cache = try FileManager.default.contentsOfDirectory(atPath: run.folder("home/cache/ntk/spectra"))
        #expect(cache.count == 1)
        // Again from the stored eigenpairs: the same bytes.
        let bytes = try run.folder.read("run/arrays/feature_predictions.npy")
        try FileManager.default.removeItem(atPath: run.folder("run"))
        #expect(try run().code == 0)
        #expect(try run.folder.read("run/arrays/feature_predictions.npy") == bytes)
        #expect(try run.text("log.jsonl").contains("\"found\""))
        try FileManager.default.removeItem(atPath: run.folder("run"))
        #expect(try run("inference.solver=eigh").code == 0)
        #expect(try run.numbers("eigenvalues").count == 1600)
        #expect(Distance.relative(some.0, to: Array(try run.numbers("eigenvalues")[..<12])) < 1e-12)
        // Residuals of 1e-12 over the gaps of random images, about 1e-4 of the largest eigenvalue.
        #expect(Distance.relative(some.1, to: try run.numbers("feature_predictions")) < 1e-6)
    }

    @Test func mistakes() throws {
        let far = try run(classes: 2, "features: {indices: [30]}")()
        #expect(far.code == 64)
        #expect(
            far.complaints.last?.hasSuffix("features.indices.0: there is no feature 30: 30 training points have 30")
                == true)
        let unlabelled = try SmallRun(classes: 2, labels: false, sections: "features: {count: 3}")
        let result = try unlabelled()
        #expect(result.code == 64)
        #expect(result.error.contains("features.attack: an attack on features needs test labels"))
        // The folder belongs to the run that was refused.
        try FileManager.default.removeItem(atPath: unlabelled.folder("run"))
        #expect(try unlabelled("features.attack=none").code == 0)
        #expect(!unlabelled.arrays.contains("feature_labels") && unlabelled.arrays.contains("feature_gradients"))
    }

    /// Every ridge is a run of its own.
    @Test func ridges() throws {
        let sections = """
            compute: {backend: cpu, precision: float64}
            inference: {diag_reg: [0, 0.1], time: [100, inf]}
            attacks: [{name: fgsm, eps: 0.1}]
            save: [predictions, gradients, adversarial]
            """
        let run = try run(classes: 3, sections)
        #expect(try run().code == 0)
        let lines = try run.text("metrics.jsonl").split(separator: "\n").compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }.filter { $0["kind"] == nil }
        #expect(lines.map { $0["diag_reg"] as? Double } == [0, 0, 0.1, 0.1])
        let both = try run.numbers("predictions_reg1_tinf")
        #expect(run.arrays.contains("adversarial_fgsm_linf_eps0_reg0_t100"))
        #expect(run.arrays.contains("input_gradients_reg1_t100"))
        try FileManager.default.removeItem(atPath: run.folder("run"))
        #expect(try run("inference.diag_reg=0.1").code == 0)
        // The order of sums over several settings may differ.
        #expect(Distance.relative(try run.numbers("predictions_tinf"), to: both) < 1e-12)
        let single = try run.text("metrics.jsonl")
        #expect(!single.contains("diag_reg"))
    }

    /// Usefulness and robustness of every feature as neural_tangents gives them.
    @Test(.enabled(if: Golden.isPresent, "reference data are absent: set NTK_GOLDEN"))
    func referenceDataAgree() throws {
        let archive = try Golden.archive("attack_fc3_binary")
        let run = try SmallRun()
        for (file, name) in [
            ("train_inputs", "X"), ("train_targets", "Y"), ("test_inputs", "Z"), ("test_targets", "label"),
        ] {
            try NPY.write(try archive.tensor(name), to: run.folder("\(file).npy"))
        }
        let files = ["train_inputs", "train_targets", "test_inputs", "test_targets"].map {
            "  \($0): \(run.folder($0)).npy"
        }
        try run.write(
            """
            data:
              name: npy
            \(files.joined(separator: "\n"))
            model: {preset: fc, depth: 3}
            compute: {backend: cpu, precision: float64}
            features: {count: 60, eps: 0.1, clip: [0, 1], criterion: both}
            """)
        let result = try run()
        #expect(result.code == 0, "\(result.error)")
        let features = try records(run, "feature")
        for (key, name) in [
            ("clean_accuracy", "useful_acc"), ("robust_accuracy", "robust_acc"), ("clean_correlation", "useful_corr"),
            ("robust_correlation", "robust_corr"),
        ] {
            let found = features.compactMap { $0[key] as? Double }
            // Accuracies are equal; correlations carry the condition and the smallest gap.
            #expect(Distance.relative(found, to: try archive.tensor(name).elements) < 1e-7, "\(key)")
        }
    }
}
