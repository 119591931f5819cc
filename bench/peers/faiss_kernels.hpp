// Debian compiles faiss for any x86-64, without AVX, which would flatter whatever it is compared with. These are the
// loops that its HNSW spends its time in, compiled for the processor at hand; the rest is the library's own.
#pragma once

#include <faiss/IndexScalarQuantizer.h>
#include <faiss/impl/DistanceComputer.h>

#include <cstdint>
#include <vector>

namespace peers {

// The sum of term(0) ... term(d - 1) in 16 lanes, which compilers turn into vector code whatever d is.
template <class Term>
inline float sum_of(size_t d, Term term) {
    float lanes[16] = {};
    size_t i = 0;
    for (; i + 16 <= d; i += 16)
#pragma omp simd
        for (size_t lane = 0; lane < 16; lane++)
            lanes[lane] += term(i + lane);
    for (size_t width = 8; width > 0; width /= 2)
        for (size_t lane = 0; lane < width; lane++)
            lanes[lane] += lanes[lane + width];
    for (; i < d; i++)
        lanes[0] += term(i);
    return lanes[0];
}

}  // namespace peers

// The linker takes these instead of the library's (--allow-multiple-definition: the first one counts).
namespace faiss {

float fvec_inner_product(const float* x, const float* y, size_t d) {
    return peers::sum_of(d, [=](size_t i) { return x[i] * y[i]; });
}

float fvec_L2sqr(const float* x, const float* y, size_t d) {
    return peers::sum_of(d, [=](size_t i) { return (x[i] - y[i]) * (x[i] - y[i]); });
}

}  // namespace faiss

namespace peers {

// Bytes of the quantiser: component i of a row is low[i] + code[i] * step[i].
struct ByteScale {
    std::vector<float> low;
    std::vector<float> step;

    void read(const faiss::ScalarQuantizer& sq) {
        low.resize(sq.d);
        step.resize(sq.d);
        for (size_t i = 0; i < sq.d; i++) {
            step[i] = sq.trained[sq.d + i] / 255;
            low[i] = sq.trained[i] + step[i] / 2;
        }
    }
};

template <bool L2>
class ByteDistance final : public faiss::FlatCodesDistanceComputer {
public:
    ByteDistance(const faiss::IndexScalarQuantizer& index, const ByteScale& scale)
        : FlatCodesDistanceComputer(index.codes.data(), index.code_size), scale_(scale), query_(index.d) {}

    void set_query(const float* x) override {
        bias_ = 0;
        for (size_t i = 0; i < query_.size(); i++) {
            query_[i] = L2 ? x[i] - scale_.low[i] : x[i] * scale_.step[i];
            bias_ += L2 ? 0 : x[i] * scale_.low[i];
        }
    }

    float distance_to_code(const uint8_t* code) override {
        const float* query = query_.data();
        const float* step = scale_.step.data();
        return bias_ + sum_of(query_.size(), [=](size_t i) {
            const float difference = query[i] - float(code[i]) * step[i];
            return L2 ? difference * difference : query[i] * float(code[i]);
        });
    }

    float symmetric_dis(idx_t a, idx_t b) override {
        const uint8_t* x = codes + a * code_size;
        const uint8_t* y = codes + b * code_size;
        const float* low = scale_.low.data();
        const float* step = scale_.step.data();
        return sum_of(query_.size(), [=](size_t i) {
            const float difference = (float(x[i]) - float(y[i])) * step[i];
            return L2 ? difference * difference : (low[i] + float(x[i]) * step[i]) * (low[i] + float(y[i]) * step[i]);
        });
    }

private:
    const ByteScale& scale_;
    std::vector<float> query_;
    float bias_ = 0;
};

struct NativeScalarQuantizer final : faiss::IndexScalarQuantizer {
    ByteScale scale;

    using IndexScalarQuantizer::IndexScalarQuantizer;

    void train(idx_t n, const float* x) override {
        IndexScalarQuantizer::train(n, x);
        scale.read(sq);
    }

    faiss::FlatCodesDistanceComputer* get_FlatCodesDistanceComputer() const override {
        if (metric_type == faiss::METRIC_L2)
            return new ByteDistance<true>(*this, scale);
        return new ByteDistance<false>(*this, scale);
    }
};

}  // namespace peers
