import Compute
import Storage
import Testing

/// An evaluation that doubts itself: what provokes each warning, from the data to results and report.
@Suite struct DoubtTests {
    /// Expects the sentences on standard error, in the records and on the page.
    private func expect(_ run: SmallRun, _ sentences: [String], _ overrides: [String] = []) throws {
        let result = try run.program(["run", "small.yaml", "output=run"] + overrides)
        #expect(result.code == 0, "\(result.error)")
        let (records, page) = (try run.text("metrics.jsonl"), try run.text("report.html"))
        for sentence in sentences {
            #expect(result.error.contains(sentence), "\(result.error)")
            #expect(records.contains(sentence) && page.contains(sentence), "\(sentence)")
        }
    }

    /// Trained on targets that are all zero it says nothing anywhere.
    @Test(arguments: ["fgsm", "pgd", "apgd-ce", "universal"])
    func aPredictorThatKnowsNothing(attack: String) throws {
        let run = try SmallRun(
            sections: """
                inference: {diag_reg: 1e-2}
                attacks: [{name: \(attack), eps: 0.1, clip: [0, 1]}]
                """)
        try NPY.write(Tensor(shape: [30, 3], repeating: 0.0), to: run.folder("train_targets.npy"))
        try expect(
            run,
            [
                "of 7 points is zero, so they cannot be moved and their robustness means nothing",
                "of the most frequent class: robust accuracy says nothing about a predictor that knows nothing",
            ])
    }

    @Test func aBlackBoxThatIsStronger() throws {
        let run = try SmallRun(
            sections: """
                inference: {diag_reg: 1e-2}
                attacks:
                  - {name: pgd, eps: 0.3, steps: 1, step: 1e-9}
                  - {name: square, eps: 0.3, steps: 300}
                """)
        try expect(
            run,
            [
                "square at eps 0.3 leaves a robust accuracy of 0",
                "without any gradient, all attacks with gradients leave",
                "pgd at eps 0.3: 1 steps of 1e-09 reach only 1e-09; raise step or steps",
            ])
    }

    @Test func withoutLabels() throws {
        let run = try SmallRun(labels: false, sections: "attacks: [{name: fgsm, eps: 0.1, target: prediction}]")
        try expect(run, ["there are no test labels, so nothing is known of accuracy, clean or robust"])
    }

    /// f is 1 at 0, −1 at 1/4 and 1 again at 1/2: a long step jumps over the valley into which a short one falls.
    @Test func robustAccuracyThatRises() throws {
        let run = try SmallRun(
            classes: 2, train: 3, test: 1, shape: [1],
            sections: "model: {preset: fc, depth: 1, b_std: 1}\nattacks: [{name: fgsm, eps: [0.25, 0.5]}]")
        let text = String(decoding: try run.folder.read("small.yaml"), as: UTF8.self)
        try run.write(text.replacing("model: {preset: fc, depth: 2}\n", with: ""))
        try NPY.write(Tensor(shape: [3, 1], elements: [0.0, 0.25, 0.5]), to: run.folder("train_inputs.npy"))
        try NPY.write(Tensor<Int32>(shape: [3], elements: [1, 0, 1]), to: run.folder("train_targets.npy"))
        try NPY.write(Tensor(shape: [1, 1], elements: [0.0]), to: run.folder("test_inputs.npy"))
        try NPY.write(Tensor<Int32>(shape: [1], elements: [1]), to: run.folder("test_targets.npy"))
        try expect(run, ["robust accuracy rises from 0.0 at eps 0.25 to 1.0 at eps 0.5: the attack is too weak"])
    }
}
