import Foundation
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

    /// Radii as people write them.
    @Test func radius() {
        for levels in [0.5, 1, 1.5, 8, 50] {
            #expect(ResultsTable.radius(levels / 255) == String(format: "%g/255", levels))
        }
        for text in ["0", "0.2", "0.3", "1", "0.123457"] { #expect(ResultsTable.radius(Double(text)!) == text) }
        let single = Double(Float(8) / 255)
        #expect(ResultsTable.radius(single) == "8/255")
        // 51/255
        #expect(ResultsTable.radius(51.0 / 255) == "0.2")
    }

    @Test func ridges() throws {
        let records = [0.0, 1e-3].map { ridge in
            ResultRecord([
                "time": .text("inf"), "diag_reg": .number(ridge), "count": .integer(100),
                "clean_accuracy": .number(0.5),
            ])
        }
        #expect(
            ResultsTable(try Configuration.parse("inference: {diag_reg: [0, 1e-3]}"), records).render()
                .split(separator: "\n").suffix(3).joined(separator: "\n")
                    == """
                    diag_reg  time  attack  norm  eps  clean accuracy  robust accuracy
                           0   inf  -       -       -    50.0 ± 5.0 %                -
                       0.001   inf  -       -       -    50.0 ± 5.0 %                -
                    """)
    }

    @Test func features() throws {
        func summary(_ net: String, best: Bool) -> ResultRecord {
            let machine: [PlainValue.Member] = [
                .init("best_machine", .text("robust")), .init("best_machine_features", .integer(5)),
                .init("best_machine_clean_accuracy", .number(0.8)), .init("best_machine_robust_accuracy", .number(0.5)),
            ]
            return ResultRecord(
                fields: [
                    .init("kind", .text("features-summary")), .init("architecture", .text(net)),
                    .init("count", .integer(200)), .init("features", .integer(100)), .init("useful", .integer(60)),
                    .init("useful_non_robust", .integer(59)), .init("attack", .text("fgsm")),
                    .init("eps", .number(8.0 / 255)), .init("rank_correlation_robust", .number(0.96)),
                    .init("machine_count", .integer(100)), .init("full_robust_accuracy", .number(0)),
                ] + (best ? machine : []))
        }
        let means = ResultRecord.similaritySummary([0.5])
        let records = [summary("fc-1", best: true), summary("conv-2", best: false), means]
        #expect(
            ResultsTable(Configuration(), records).render().split(separator: "\n").suffix(3).joined(separator: "\n")
                == """
                net     attack    eps  features  useful  non-robust  rank corr.  all, robust  best machine         clean        robust
                fc-1    fgsm    8/255       100      60          59       0.960  0.0 ± 0.0 %  robust 5      80.0 ± 4.0 %  50.0 ± 5.0 %
                conv-2  fgsm    8/255       100      60          59       0.960  0.0 ± 0.0 %  -                        -             -
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
