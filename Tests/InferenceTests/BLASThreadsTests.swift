import COpenBLAS
import Testing

@testable import Inference

@Suite struct BLASThreadsTests {
    @Test func solvesUseAllCores() {
        BLASThreads.all {
            #expect(openblas_get_num_threads() == openblas_get_num_procs())
            BLASThreads.all {}
            #expect(openblas_get_num_threads() == openblas_get_num_procs())
        }
    }

    @Test func theLastOneRestoresWhatTheFirstOneFound() {
        var nesting = BLASThreads.Nesting()
        nesting.enter(found: 3)
        nesting.enter(found: 8)
        #expect(nesting.leave() == nil)
        nesting.enter(found: 8)
        #expect(nesting.leave() == nil)
        #expect(nesting.leave() == 3)
        nesting.enter(found: 1)
        #expect(nesting.leave() == 1)
    }
}
