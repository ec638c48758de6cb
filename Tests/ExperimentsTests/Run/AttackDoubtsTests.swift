import Compute
import Testing

@testable import Experiments

/// Reasons to doubt all attacks of a setting together.
@Suite struct AttackDoubtsTests {
    private static func score(_ attack: String, _ robust: Double, eps: Double = 0.1, norm: String = "linf")
        -> ResultRecord
    {
        ResultRecord([
            "attack": .text(attack), "norm": .text(norm), "eps": .number(eps), "robust_accuracy": .number(robust),
        ])
    }

    /// Right in three of four, with two points of each class.
    private static let knowing = AttackDoubts(
        labels: [1, 1, -1, -1], clean: Tensor(shape: [4, 1], elements: [1.0, 2, -1, 1]))

    @Test func nothingToDoubt() {
        let records = [Self.score("pgd", 0.25), Self.score("square", 0.5), Self.score("square", 0.25)]
        #expect(Self.knowing.sentences(records).isEmpty)
    }

    /// A predictor that is right no more often than one that always says the most frequent class.
    @Test(arguments: [[1.0, 1, 1, 1], [-1, -1, 1, 1], [1, -1, 1, -1]]) func aRandomPredictor(outputs: [Double]) {
        let doubts = AttackDoubts(labels: [1, 1, -1, -1], clean: Tensor(shape: [4, 1], elements: outputs))
        let sentences = doubts.sentences([])
        #expect(sentences.count == 1 && sentences[0].contains("is not above the share 0.5 of the most frequent class"))
    }

    @Test func noLabels() {
        let doubts = AttackDoubts(labels: nil, clean: Tensor(shape: [1, 1], elements: [1.0]))
        #expect(doubts.sentences([]) == ["there are no test labels, so nothing is known of accuracy, clean or robust"])
    }

    /// No gradient beats the black box: only where norm and radius are the same, and none of the others does better.
    @Test func aBlackBoxThatIsStronger() {
        let square = Self.score("square-2", 0.125)
        let sentences = Self.knowing.sentences([Self.score("fgsm", 0.5), Self.score("pgd", 0.25), square])
        #expect(
            sentences == [
                "square-2 at eps 0.1 leaves a robust accuracy of 0.125 without any gradient, all attacks with gradients "
                    + "leave 0.25 or more: gradients may mislead, or those attacks are too weak"
            ])
        let others = [Self.score("pgd", 0.25, eps: 0.05), Self.score("pgd", 0.25, norm: "l2"), square]
        #expect(Self.knowing.sentences(others).isEmpty)
        #expect(Self.knowing.sentences([square, Self.score("file", 0)]).isEmpty)
    }
}
