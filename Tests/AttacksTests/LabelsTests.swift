import Testing

@testable import Attacks

@Suite struct LabelsTests {
    @Test func correlationOfABinaryTask() {
        #expect(
            Labels.correlation([0.5, -2, 1, 0.25], outputs: 1, labels: [1, -1, -1, 1]) == (0.5 + 2 - 1 + 0.25) / 4)
    }

    @Test func correlationOfSeveralClasses() {
        // The label's output minus the mean of the others.
        let found = Labels.correlation([1, 2, 6, 0, 3, -1], outputs: 3, labels: [2, 0])
        #expect(found == 1.75)
        // Two outputs ±f/2 are the binary task.
        let halves = Labels.correlation([-0.25, 0.25, 1, -1], outputs: 2, labels: [1, 1])
        #expect(halves == Labels.correlation([0.5, -2], outputs: 1, labels: [1, 1]))
    }

    @Test func majority() {
        #expect(Labels.majority([1, -1, -1, -1]) == 0.75)
        #expect(Labels.majority([0, 1, 2, 2]) == 0.5)
        #expect(Labels.majority([]) == 0)
    }
}
