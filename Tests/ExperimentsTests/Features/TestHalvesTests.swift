import Testing

@testable import Experiments

@Suite struct TestHalvesTests {
    @Test func everyOtherPointOfEachClass() {
        let halves = TestHalves([1, 1, -1, 1, -1, -1, 1, -1, 1])
        #expect(halves.judging == [0, 2, 3, 5, 8])
        #expect(halves.choosing == [1, 4, 6, 7])
        // Points in the order of their classes as well.
        let sorted = TestHalves([0, 0, 0, 1, 1, 2])
        #expect(sorted.judging == [0, 2, 3, 5] && sorted.choosing == [1, 4])
    }

    @Test(arguments: [[], [1], [0, 1, 2]]) func aPointThatIsAloneJudges(labels: [Int]) {
        let halves = TestHalves(labels)
        #expect(halves.judging == Array(labels.indices) && halves.choosing.isEmpty)
    }
}
