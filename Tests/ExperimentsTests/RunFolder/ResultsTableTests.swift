import Testing

@testable import Experiments

@Suite struct ResultsTableTests {
    private static func record(_ time: Double, _ attack: String, _ eps: Double, _ robust: Double) -> ResultRecord {
        ResultRecord([
            "attack": .text(attack), "norm": .text("linf"), "eps": .number(eps), "time": .number(time),
            "count": .integer(500), "clean_accuracy": .number(0.842), "robust_accuracy": .number(robust),
        ])
    }

    private static let records = [
        ResultRecord(["time": .text("inf"), "count": .integer(500), "clean_accuracy": .number(0.842)]),
        record(.infinity, "fgsm", 0, 0.842), record(.infinity, "fgsm", 8.0 / 255, 0.064),
        record(10, "pgd", 0.1, 0),
    ]

    @Test func plain() throws {
        let configuration = try Configuration.parse(
            "data: {classes: [airplane, 1]}\nmodel: {activation: {leaky_relu: {alpha: 0.1}}}\ninference: {diag_reg: 1e-4}"
        )
        #expect(
            ResultsTable(configuration, Self.records).render()
                == """
                model   fc, depth 3, {leaky_relu: {alpha: 0.1}}, W_std 1.414, b_std 0.1
                data    fashion-mnist, classes airplane, 1, 2000 train, 500 test
                method  ntk, float32, diag_reg 0.0001

                time  attack  norm    eps  clean accuracy  robust accuracy
                 inf  -       -         -    84.2 ± 1.6 %                -
                 inf  fgsm    linf      0    84.2 ± 1.6 %     84.2 ± 1.6 %
                 inf  fgsm    linf  8/255    84.2 ± 1.6 %      6.4 ± 1.1 %
                  10  pgd     linf    0.1    84.2 ± 1.6 %      0.0 ± 0.0 %

                """)
    }

    @Test func withoutRecordsThereIsNoTable() throws {
        let configuration = try Configuration.parse("model: {layers: [flatten, {dense: {W_std: 1}}, relu, dense]}")
        #expect(
            ResultsTable(configuration, []).render()
                == """
                model   flatten · {dense: {W_std: 1}} · relu · dense, W_std 1.414, b_std 0.1
                data    fashion-mnist, all classes, 2000 train, 500 test
                method  ntk, float32, no ridge

                """)
    }

    @Test func colour() {
        let text = ResultsTable(Configuration(), Self.records).render(.coloured)
        #expect(text.contains("\u{1B}[1mtime  attack"))
        #expect(TextStyle.suited(isTerminal: true, environment: [:]) == .coloured)
        #expect(TextStyle.suited(isTerminal: false, environment: [:]) == .plain)
        #expect(TextStyle.suited(isTerminal: true, environment: ["NO_COLOR": "1"]) == .plain)
        #expect(TextStyle.suited(isTerminal: true, environment: ["TERM": "dumb"]) == .plain)
    }
}
