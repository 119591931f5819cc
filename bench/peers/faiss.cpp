// faiss: its HNSW over float32 rows, and over bytes of its scalar quantiser.
#include <faiss/Index.h>
#include <faiss/IndexHNSW.h>
#include <omp.h>

#include "driver.hpp"
#include "faiss_kernels.hpp"

namespace {

class Faiss final : public peers::Engine {
public:
    Faiss(bool bytes, peers::Metric metric)
        : bytes_(bytes), metric_(metric == peers::Metric::L2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT) {}

    std::string description() const override {
        std::ostringstream text;
        text << "faiss " << FAISS_VERSION_MAJOR << '.' << FAISS_VERSION_MINOR << '.' << FAISS_VERSION_PATCH
             << (bytes_ ? ", HNSW over SQ8" : ", HNSW over float32") << ", distances compiled for this processor";
        return text.str();
    }

    void build(const peers::Matrix& base, int threads, int m, int ef_construction) override {
        if (bytes_) {
            // What IndexHNSWSQ is, over the same storage with faster loops.
            storage_ = std::make_unique<peers::NativeScalarQuantizer>(
                base.columns, faiss::ScalarQuantizer::QT_8bit, metric_);
            index_ = std::make_unique<faiss::IndexHNSW>(storage_.get(), m);
            index_->is_trained = false;
        } else {
            index_ = std::make_unique<faiss::IndexHNSWFlat>(base.columns, m, metric_);
        }
        index_->hnsw.efConstruction = ef_construction;
        omp_set_num_threads(threads);
        index_->train(base.count, base.values.data());
        index_->add(base.count, base.values.data());
    }

    void set_effort(int ef) override { index_->hnsw.efSearch = ef; }

    void search(const float* query, int k, int64_t* ids) override {
        // Threads are the harness's: the library's own team has one member on each of them.
        omp_set_num_threads(1);
        thread_local std::vector<float> distances;
        distances.resize(k);
        index_->search(1, query, k, distances.data(), ids);
    }

private:
    bool bytes_;
    faiss::MetricType metric_;
    std::unique_ptr<faiss::Index> storage_;
    std::unique_ptr<faiss::IndexHNSW> index_;
};

}  // namespace

int main(int count, char** words) {
    return peers::run(count, words, [](const std::string& name, peers::Metric metric) -> std::unique_ptr<peers::Engine> {
        if (name != "faiss-hnsw" && name != "faiss-hnsw-sq8")
            return nullptr;
        return std::make_unique<Faiss>(name == "faiss-hnsw-sq8", metric);
    });
}
