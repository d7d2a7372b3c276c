"""Expressions and statements that read and write elements by index, to be run here and in PyTorch."""

import numpy as np


def listed(text):
    return [each for line in text.strip().splitlines() for each in line.strip().split(" | ")]


def environment(torch):
    """The names that the cases use, made in one library."""
    x = torch.arange(12.0).reshape(3, 4).requires_grad_()
    return {
        "torch": torch,
        "np": np,
        "x": x,
        "b": x * 1,
        "y": (torch.arange(12.0).reshape(3, 4) * 0.5 - 2).requires_grad_(),
        "v": torch.tensor([3.0, 1.0, 2.0, 5.0], requires_grad=True),
        "v2": torch.tensor([9.0, 8.0, 7.0, 6.0], requires_grad=True),
        "s": torch.tensor(2.5, requires_grad=True),
        "i24": torch.tensor([[0, 2, 1, 0], [1, 0, 0, 2]]),
        "i34": torch.tensor([[0, 1, 2, 0], [1, 1, 0, 2], [2, 0, 2, 1]]),
        "i2": torch.tensor([2, 0]),
        "i2r": torch.tensor([1, 1]),
        "i4": torch.tensor([2, 0, 2, 1]),
        "i4u": torch.tensor([2, 0, 3, 1]),
        "i0": torch.tensor(0),
        "m34": torch.tensor([[True, False, True, False], [False, True, True, False], [False, False, False, True]]),
        "m4": torch.tensor([True, False, False, True]),
    }


def small_environment(torch):
    """The same for reading and writing without gradients."""
    return {
        "torch": torch,
        "np": np,
        "x": torch.arange(24.0).reshape(2, 3, 4),
        "z": torch.tensor(5.0),
        "i": torch.arange(6),
        "m23": torch.tensor([[True, False, True], [False, True, False]]),
    }


# `x[...]` in all its forms; x is 2 by 3 by 4.
READ = listed("""
    x[m23,0] | x[m23,:] | x[m23] | x[:,torch.ones(3,4).bool()] | x[m23,None] | x[None,m23]
    x[m23,torch.tensor([0,1,2])] | x[torch.tensor([True,False]),torch.tensor([0,1,2])]
    x[torch.tensor([True,False,True])] | x[torch.ones(2,2).bool()] | x[True] | x[False] | x[True,0] | x[0,True]
    x[True,True] | x[True,[0,1]] | x[[0,1],True] | x[torch.tensor(True)] | x[torch.tensor(1,dtype=torch.uint8)]
    x[torch.tensor([1,0],dtype=torch.uint8)] | x[torch.tensor([1.,0])] | x[1.0] | x[0,0,0,0] | x[...,...] | x[5]
    x[0,5] | x[-3] | x[::-1] | x[::0] | x[1.5:2] | x['a':2] | x[torch.tensor(1):] | x[np.int64(1)]
    x[np.array(1)] | x[np.array([0,1])] | x[np.array([True,False])] | x[np.bool_(True)] | x[(0,1)] | x[[0,1]]
    x[[[0,1],[1,0]]] | x[[[0,1],[1,2]]].shape | x[[0,slice(None)]] | x[[slice(0,1)]] | x[[None,0]] | x[[...]]
    x[range(2)] | x[[torch.tensor(0),torch.tensor(1)]] | x[[torch.tensor([0]),torch.tensor([1])]] | x[[]] | x[()]
    x[...] | x[None] | x[[True,False]] | x[[[True,False,True],[False,True,False]]]
    x[torch.tensor([],dtype=torch.long)] | x[torch.tensor([])] | x[[2]] | x[[-3]] | x[:, [0,1],[0,1,2]]
    x[[0,1],:,[0,1]] | x[0,:,[0,1]] | x[torch.tensor(0),:,[0,1]] | x[[0],:,0] | x[:,0,[0,1]] | x[[[0]],0] | z[0]
    z[()] | z[...] | z[None] | z[True] | z[False] | z[torch.tensor(True)] | z[[0]] | z[:] | z[...,0] | x[1:1]
    x[5:9] | x[-100:100] | x[{1}] | x[1j] | x[torch.tensor([0,1],dtype=torch.int32)]
    x[torch.tensor([0,1],dtype=torch.int16)] | x[torch.tensor([0,1],dtype=torch.int8)]
    x[torch.tensor(0,dtype=torch.int8)] | x[torch.tensor(1.)] | x[[1.0]] | x[(0,),] | x[(0,1),(1,2)]
    x[[0,1],[[True,False,True],[True,True,True]]] | x[torch.ones(2,3,4,1).bool()] | x[0:1,None,...,None,0]
    x[-1] | i[i>2] | i[i.bool()] | x[type] | x[object()] | x[[[0,1],[1]]] | x[[0,None]] | x[2**70] | x[:2**70]
    x[[2**70]] | x[torch.tensor([[0],[1]]),torch.tensor([[0,1,2]])]
""")
# Statements; what they leave behind is compared.
WRITTEN = listed("""
    x[0]=1 | x[0]=torch.ones(4) | x[0]=torch.ones(1,1,3,4) | x[0]=torch.ones(2,3,4) | x[0]=torch.ones(5)
    x[[0]]=torch.ones(5) | x[[0]]=torch.ones(1,1,1,3,4) | x[[0]]=torch.ones(2,1,3,4) | x[0]=[1,2]
    x[0]=np.ones(4) | x[0]=np.float32(3) | x[0]=np.float64(3) | x[0]=np.int64(3) | x[0]=True | x[0]='a'
    x[0]=None | x[True]=3 | x[False]=3 | x[x>3]=0 | x[x>3]=torch.ones(20) | x[x>3]=torch.ones(3)
    x[x>3]=torch.ones(3,1) | x[x>3]=torch.ones(20,1) | x[x>3]=torch.ones(1,20) | x[0,[0,1]]=5 | x[...]=7
    x[()]=7 | x[None]=7 | x[:]=torch.arange(4) | x[[0,1]]=torch.arange(4) | x[[0,1]]=torch.arange(4.).double()
    x[0]=torch.arange(4.).double() | x[[0,0]]=torch.arange(24.).reshape(2,3,4) | x[5]=1 | x[[5]]=1 | x[0,0,0,0]=1
    x[0]=1j | x[0]=2**70 | x[::-1]=1 | x[0]=torch.tensor(3) | x[[0]]=torch.tensor(3) | x[x>100]=torch.ones(0)
    x[x>100]=torch.ones(3) | x[[]]=3 | x[[]]=torch.ones(3) | x[1:1]=torch.ones(3) | x[1:1]=torch.ones(0,3,4)
    x[1:1]=3 | x[:,0]=torch.ones(3) | x[1.0]=3 | z[0]=1 | z[...]=torch.ones(1) | z[()]=torch.ones(1,1)
    z[()]=torch.ones(2) | i[0]=1.7 | i[0]=float('nan') | i[0]=2**63 | i[:2]=torch.tensor([1.7,2.7]) | i[[0]]=1.7
    i[[0]]=torch.tensor([1.7]) | i[i>1]=torch.tensor(1.7) | i[0]=1j | i[0]=torch.tensor(1j) | x.bool()[0]=3
    x[[0,1],0]=torch.ones(4) | x[[0,1],0]=torch.ones(2,4) | x[[0,1],0]=torch.ones(2,1)
    x[[0,1],0]=torch.ones(2,3) | x[x>3]=torch.tensor(1.5) | x[(x>3)]=torch.tensor([1.5])
    x[torch.tensor(True)]=5 | x[torch.tensor(0)]=5 | x[0,True]=5 | x[0][0]=torch.ones(1,1,4)
    x[0:1]=torch.ones(3,3,4) | x[0]=torch.ones(0) | x[[0]]=torch.ones(0) | x[:0]=torch.ones(0)
    x[torch.tensor([True,False])]=torch.ones(3,4) | x[torch.tensor([True,False])]=torch.ones(4).long()
    x[torch.tensor([True,False])]=torch.tensor(3).long() | x[torch.tensor([0,1])]=torch.tensor(3.).double()
    x[torch.tensor([0,1])]=torch.tensor([3.]).double() | x[torch.tensor([0,1])]=torch.tensor([3]).long()
    x[[[0,1],[1,0]]]=4
""")
# Statements on b = x * 1 (3 by 4) and v: histories and gradients.
RECORDED = listed("""
    b[0]=v | b[0]=1 | b[0,1]=1 | b[0:2,1]=1 | b[0:2,1]=v[0] | b[:]=v | b[...]=v | b[()]=v | b[None]=v | b[True]=v
    b[[0,1]]=v | b[[0,1]]=1 | b[0,[0,1]]=v[:2] | b[b>1]=v[0] | b[b>1]=0 | b[b.detach()>1]=v[0] | b[0]=v.double()
    b[[0]]=v.double() | b[None,0]=v | b=b[0] | b=b[0,1] | b=b[0:1,1] | b=b[...] | b=b[()] | b=b[:] | b=b[:,:]
    b=b[None] | b=b[...,None] | b=b[True] | b=b[[0,1]] | b=b[0,[1]] | b=b[:,[1]] | b=b[b>1] | b=b[::2] | b=b[1:]
    b=b[0:3] | b=b[torch.tensor(1)] | b=b[torch.tensor(True)] | b=b[0][...] | b=b[..., 0]
    b[torch.tensor(True)]=v[0] | b[0]=b[1] | b[0]=b[0] | b[[0]]=b[[0]] | b[[0,1]]=b[0] | b[0:2]=b[1:3] | b[...]=b
    b[:]=b[0] | b[0]=v.int() | b[0] += v | b[:,1] *= v[0] | b[[0,1]] += v | b += v | b[0].add_(v) | b[0][1]=3
""")
# Functions that read and write by index: values, first and second derivatives, or errors.
NAMED = listed("""
    x.gather(0, i24) | x.gather(1, i34) | x.gather(-1, i34[:2]) | x.gather(0, i24[:, :2])
    x.gather(1, i34.int()) | x.gather(0, i34[0]) | x.gather(0, i34.float()) | x.gather(0, i34 + 9)
    x.gather(2, i34) | x.gather(0, i34[:, :0]) | s.gather(0, i0) | s.gather(0, i0[None]) | v.gather(0, i0)
    x.gather(1, torch.zeros(4, 4).long()) | x.gather(0, torch.zeros(5, 4).long()) | x.gather(0, i34 - 9)
    x.scatter(1, i34, y) | x.scatter(0, i24, 5.0) | x.scatter(1, i34, 2) | x.scatter(0, i24, y.double())
    x.scatter(0, i24 + 7, y) | x.scatter(0, i24.float(), y) | x.scatter(0, i24[0], y) | x.scatter(0, i24, y[:1])
    x.scatter(0, i24, value=3.0) | x.scatter(3, i24, y) | s.scatter(0, i0, 3.0) | v.scatter(0, i4, 1.0)
    x.scatter_add(1, i34, y) | x.scatter_add(0, i24, y.double()) | x.scatter_add(0, i24 + 3, y)
    v.scatter_add(0, i4, v2) | s.scatter_add(0, i0, s) | x.scatter_add(0, i34[0], y)
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'sum') | x.scatter_reduce(0, i24, y[:2] + 1.25, 'prod')
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'mean') | x.scatter_reduce(0, i24, y[:2] + 1.25, 'amax')
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'amin')
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'sum', include_self=False)
    (x+1).scatter_reduce(0, i24, y[:2] + 1.25, 'prod', include_self=False)
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'mean', include_self=False)
    x.scatter_reduce(0, i24, y[:2] + 1.25, 'amax', include_self=False) | x.scatter_reduce(1, i34, x * 1, 'amax')
    x.scatter_reduce(1, i34, x * 1, 'amin', include_self=False) | x.index_select(0, i2) | x.index_select(1, i4)
    x.index_select(-1, i4) | x.index_select(0, i0) | s.index_select(0, i0) | x.index_select(0, i34)
    x.index_select(0, i2.float()) | x.index_select(0, i2 + 9) | x.index_select(0, i2 - 9)
    x.index_select(0, i2.int()) | x.index_select(2, i2) | x.index_select(0, i2[:0]) | x.index_add(0, i2, y[:2])
    x.index_add(1, i4, y) | x.index_add(0, i2, y[:2], alpha=3) | x.index_add(-1, i4, y)
    x.index_add(0, i2 + 7, y[:2]) | x.index_add(0, i2, y) | x.index_add(0, i2.float(), y[:2])
    x.index_add(0, i2, y[:2].double()) | v.index_add(0, i4, v2) | x.index_add(0, i34, y)
    x.index_add(0, i2, y[:2, :2]) | v.index_add(0, i0, s) | x.index_fill(0, i2, 3.0) | x.index_fill(1, i4, 2)
    x.index_fill(0, i2, s) | x.index_fill(0, i2 + 9, 3.0) | x.index_fill(0, i2 - 4, 3.0)
    x.index_fill(0, i34, 3.0) | x.index_fill(0, i2, v) | x.index_fill(0, i2.int(), 3.0)
    s.index_fill(0, i0, 3.0) | v.index_fill(0, i0, 3.0) | x.index_copy(0, i2, y[:2]) | x.index_copy(1, i4u, y)
    x.index_copy(0, i2, y) | x.index_copy(0, i2.float(), y[:2]) | x.index_copy(0, i2, y[:2].double())
    x.index_copy(0, i2 + 9, y[:2]) | v.index_copy(0, i4u, v2) | x.index_copy(0, i2, y[:2, :2])
    x.index_put((i2,), v2) | x.index_put((i2,), s) | x.index_put((i2, i2), v2[:2])
    x.index_put((i2,), v2, accumulate=True) | x.index_put((i2r,), v2, accumulate=True) | x.index_put((m34,), s)
    x.index_put([i2], v2) | x.index_put((i2,), v2.double()) | x.index_put((i2 + 9,), v2)
    x.index_put((i2, i2), y) | x.masked_fill(m34, 2.0) | x.masked_fill(m4, s) | x.masked_fill(m34, s)
    x.masked_fill(m34, v) | x.masked_fill(m34.long(), 2.0) | x.masked_fill(m34, 1) | v.masked_fill(m34, 2.0)
    x.masked_fill(m34, float('-inf')) | x.long().masked_fill(m34, 1.5) | x.masked_fill(m34, 1j)
    x.masked_fill(m34, True) | x.masked_scatter(m34, y) | x.masked_scatter(m4, y) | x.masked_scatter(m34, v)
    x.masked_scatter(m34, y.double()) | x.masked_scatter(m34.long(), y)
    x.masked_scatter(torch.ones(3, 4).bool(), v) | x.masked_select(m34) | x.masked_select(m4)
    v.masked_select(m34) | x.masked_select(m34.long()) | x.masked_select(m34 & False) | x.take(i34) | x.take(i4)
    x.take(i34 - 12) | x.take(i34 + 12) | x.take(i34.float()) | x.take(i34.int()) | s.take(i0)
    torch.take_along_dim(x, i34, 1) | torch.take_along_dim(x, i34, 0) | torch.take_along_dim(x, i4)
    torch.take_along_dim(x, i34[:, :1], 1) | torch.take_along_dim(x, i4, 0)
    torch.take_along_dim(x, i34.float(), 0) | x.put(i4, v2) | x.put(i4, v2, accumulate=True) | x.put(i2, v2)
    x.put(i4 + 20, v2) | torch.nonzero(x > 4) | torch.nonzero(s) | torch.nonzero(s > 100)
    torch.nonzero(x > 4, as_tuple=True) | torch.nonzero(s, as_tuple=True) | torch.argwhere(x > 4)
    torch.argwhere(s) | torch.where(x > 4) | torch.nonzero(x[:0]) | x.nonzero() | x.tril() | x.triu(1)
    x.tril(-1) | torch.tril(x, 2) | v.tril() | x.expand(2, 3, 4).triu(1) | x.long().tril() | (x > 3).tril()
    x.sort() | x.sort(0) | x.sort(descending=True) | x.argsort() | x.argsort(0, True)
    torch.sort(x, dim=1, stable=True) | x.topk(2) | x.topk(2, 0) | x.topk(2, largest=False) | x.topk(9)
    s.sort() | torch.msort(x) | x.topk(0) | torch.diag(v) | torch.diag(v, 1) | torch.diag(x) | torch.diag(x, -1)
    torch.diagonal(x) | torch.diagonal(x, 1) | x.diagonal(offset=-1, dim1=1, dim2=0) | torch.diagonal(x, 0, 0, 0)
    torch.diagonal(v) | torch.trace(x) | torch.diag(x.expand(2, 3, 4)) | torch.diag_embed(v)
    torch.diagonal(x, 9) | torch.repeat_interleave(x, 2) | torch.repeat_interleave(x, 2, 0)
    torch.repeat_interleave(x, torch.tensor([1, 0, 2]), 0) | x.repeat_interleave(3, dim=1)
    torch.repeat_interleave(x, torch.tensor([1, 2]), 0) | torch.repeat_interleave(x, -1)
    torch.repeat_interleave(torch.tensor([1, 0, 2])) | torch.where(x > 3, x, y) | torch.where(x > 3, x, 0.0)
    torch.where(x > 3, 0.0, x) | torch.where(x > 3, x, v) | torch.where(m4, x, y) | torch.where(x > 3, 1, 2)
    torch.where(x > 3, 1.0, 2) | torch.where(x, x, y) | torch.where(x > 3, x, y.double())
    torch.where(m34[:2], x, y) | torch.where(x > 3, x.long(), y) | x.scatter(0, i24, y[:2] * 1)
    x.scatter(0, i24, src=y[:2] * 1) | x.scatter_add(0, i24, y[:2] * 1)
    x.scatter(0, i24, 2.0, reduce='multiply') | x.scatter(0, i24, 2.0, reduce='add')
    x.scatter(0, i24, y, reduce='mean')
""")
# The same in place, on b = x * 1.
IN_PLACE = listed("""
    b.scatter_(0, i24, 5.0) | b.index_add_(0, i2, y[:2])
    b.index_fill_(0, i2, 3.0) | b.index_fill_(0, i2, s) | b.index_copy_(0, i2, y[:2]) | b.index_put_((i2,), v2)
    b.index_put_((i2r,), v2, accumulate=True) | b.masked_fill_(m34, 2.0) | b.masked_fill_(m34, s)
    b.masked_scatter_(m34, y) | b.put_(i4, v2) | b.tril_() | b.triu_(1) | b.fill_diagonal_(7.0)
    b[1].index_fill_(0, i4, 2.0) | b.t().masked_fill_(m34.t(), 3.0) | b[:, 1].index_add_(0, i2, v2[:2])
    b.masked_fill_(m4, 1.0) | b[0].masked_fill_(m34, 1.0) | b.index_add_(0, i2, y[:2], alpha=-2)
    b.masked_fill_(m34, v) | b.scatter_(0, i24, y[:2] * 1) | b.scatter_add_(0, i24, y[:2] * 1)
    b.scatter_reduce_(0, i24, y[:2] + 1.25, 'amax')
""")
