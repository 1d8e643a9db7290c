"""Operations that are not counted by convention: they return numbers, and multiply no matrices.

Whatever is not told here and has no formula is reported by name, so that a new or foreign operation
is never taken for a cheap one.
"""

from __future__ import annotations

from typing import Any

_MOVED = """
empty empty_like empty_strided new_empty new_empty_strided new_zeros new_ones new_full zeros
zeros_like ones ones_like full full_like arange linspace eye scalar_tensor clone copy copy_
_to_copy to _unsafe_view _reshape_copy _reshape_alias view_copy lift lift_fresh detach alias cat
stack unbind split split_with_sizes unsafe_split index index_select gather take embedding
constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d pad roll
flip repeat repeat_interleave tril triu masked_select nonzero pixel_shuffle pixel_unshuffle
channel_shuffle im2col col2im unfold_copy slice_scatter select_scatter scatter scatter_ index_put
index_put_ _index_put_impl_ masked_scatter set_ resize_ is_same_size _local_scalar_dense item
equal is_nonzero _nested_tensor_from_mask_left_aligned one_hot zero_ fill_ _pack_padded_sequence
_pad_packed_sequence _has_compatible_shallow_copy_type
"""
_SUMMED = """
sum mean var var_mean std std_mean amax amin max min argmax argmin any all prod norm
linalg_vector_norm logsumexp cumsum cumprod count_nonzero topk sort kthvalue median scatter_add
scatter_add_ index_add index_add_ scatter_reduce segment_reduce _segment_reduce _embedding_bag
_embedding_bag_forward_only bincount histc unique_dim _unique2 searchsorted bucketize
"""
_NORMED = """
native_layer_norm native_group_norm native_batch_norm batch_norm cudnn_batch_norm
miopen_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training
_batch_norm_with_update _batch_norm_no_update _fused_rms_norm rms_norm _softmax _log_softmax
_safe_softmax _masked_softmax native_dropout bernoulli bernoulli_ rand randn rand_like randn_like
normal_ uniform_ _thnn_fused_lstm_cell _thnn_fused_gru_cell glu rrelu_with_noise
_weight_norm_interface
"""
_POOLED = """
max_pool2d_with_indices max_pool3d_with_indices avg_pool1d avg_pool2d avg_pool3d
_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d
mkldnn_max_pool2d upsample_nearest1d upsample_nearest2d upsample_nearest3d
_upsample_nearest_exact2d upsample_linear1d upsample_bilinear2d upsample_bicubic2d
upsample_trilinear3d _upsample_bilinear2d_aa
"""
_CHEAP = {"pointwise", "reduction", "inplace_view"}
_LESSER = frozenset(" ".join([_MOVED, _SUMMED, _NORMED, _POOLED]).split())


def is_lesser(function: Any) -> bool:
    """Whether an operation takes at most a few operations for each number given or returned.

    Elementwise ones and sums are known by torch's own tags, views by their schema.

    >>> import torch
    >>> is_lesser(torch.ops.aten.mul.Tensor), is_lesser(torch.ops.aten.cdist.default)
    (True, False)
    """
    packet = getattr(function, "_overloadpacket", None)
    if packet is None:
        return False
    space, _, name = str(packet).partition(".")
    if space not in ("aten", "prims", "prim"):
        return False
    tags = {str(tag).rpartition(".")[2] for tag in function.tags}
    return bool(name in _LESSER or function.is_view or tags & _CHEAP)
